// SPDX-License-Identifier: Apache-2.0
#include "direct_calls_wrap.h"

#include <time.h>

#include <cstring>

#include "direct_calls.h"

namespace vfsd::bench {
namespace {

uint64_t Nanoseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/** runDirect({kind, share, durationMs, block}) */
Napi::Value RunDirect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const std::string kind = options.Get("kind").As<Napi::String>();
  const Napi::Value block = options.Get("block");
  const auto calls = MakeDirectCalls(
      kind, options.Get("share").As<Napi::String>(),
      block.IsNumber() ? static_cast<uint64_t>(block.As<Napi::Number>().Int64Value()) : 0);
  const auto duration =
      static_cast<uint64_t>(options.Get("durationMs").As<Napi::Number>().DoubleValue() * 1e6);
  // How many operations are done between two looks at the clock.
  constexpr uint64_t kRun = 16;
  std::string failure = calls == nullptr ? "there is no such kind, or not its files" : "";
  uint64_t operations = 0;
  uint64_t elapsed = 0;
  const uint64_t cpu = Nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  const uint64_t begin = Nanoseconds(CLOCK_MONOTONIC);
  while (failure.empty() && elapsed < duration) {
    for (uint64_t i = 0; i < kRun && failure.empty(); ++i) {
      if (calls->Do()) {
        ++operations;
      } else {
        failure = std::strerror(errno);
      }
    }
    elapsed = Nanoseconds(CLOCK_MONOTONIC) - begin;
  }
  const Napi::Object result = Napi::Object::New(env);
  result.Set("operations", static_cast<double>(operations));
  result.Set("elapsedNs", static_cast<double>(elapsed));
  result.Set("cpuNs", static_cast<double>(Nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu));
  result.Set("calls", static_cast<double>(calls == nullptr ? 0 : calls->calls()));
  result.Set("failure",
             failure.empty() ? env.Null() : Napi::Value(Napi::String::New(env, failure)));
  return result;
}

}  // namespace

void ExportDirectCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("runDirect", Napi::Function::New(env, RunDirect));
}

}  // namespace vfsd::bench
