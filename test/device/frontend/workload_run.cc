// SPDX-License-Identifier: Apache-2.0
#include "frontend/workload_run.h"

#include <algorithm>
#include <optional>

#include "frontend/memory_wrap.h"
#include "frontend/ring_wrap.h"
#include "frontend/runner.h"

namespace vfsd::frontend {
namespace {

double Number(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
}

uint64_t Count(const Napi::Object& object, const char* name) {
  return static_cast<uint64_t>(Number(object, name));
}

uint64_t Wide(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  bool lossless;
  return value.IsBigInt() ? value.As<Napi::BigInt>().Uint64Value(&lossless) : 0;
}

double Percentile(std::vector<uint32_t>& samples, double part) {
  if (samples.empty()) {
    return 0;
  }
  const auto rank = static_cast<size_t>(part * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + static_cast<ptrdiff_t>(rank), samples.end());
  return samples[rank];
}

Napi::Object ToObject(Napi::Env env, RunResult& result) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("operations", static_cast<double>(result.operations));
  object.Set("requests", static_cast<double>(result.requests));
  object.Set("elapsedNs", static_cast<double>(result.elapsed_ns));
  object.Set("p50Ns", Percentile(result.latencies, 0.50));
  object.Set("p99Ns", Percentile(result.latencies, 0.99));
  object.Set("kicks", static_cast<double>(result.kicks));
  object.Set("calls", static_cast<double>(result.calls));
  object.Set("failure", result.failure.empty()
                            ? env.Null()
                            : Napi::Value(Napi::String::New(env, result.failure)));
  return object;
}

/** runWorkload({memory, base, ring, hiprio, depth, durationMs, maxOperations, spinNs, kind, …}) */
Napi::Value RunWorkload(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const GuestMemory& memory =
      MemoryWrap::Unwrap(options.Get("memory").As<Napi::Object>())->memory();
  DriverRing& ring = RingWrap::Unwrap(options.Get("ring").As<Napi::Object>())->ring();
  DriverRing& hiprio = RingWrap::Unwrap(options.Get("hiprio").As<Napi::Object>())->ring();

  const uint64_t base = Count(options, "base");
  ForgetQueue forgets(hiprio, {memory, base});
  const WorkloadParameters parameters = {
      .kind = options.Get("kind").As<Napi::String>(),
      .node = Wide(options, "node"),
      .handle = Wide(options, "handle"),
      .name = options.Get("name").IsString() ? options.Get("name").As<Napi::String>().Utf8Value()
                                             : std::string(),
      .size = Count(options, "size"),
      .block = Count(options, "block"),
      .inode = Wide(options, "inode"),
      .caller = static_cast<uint32_t>(Count(options, "caller")),
  };
  auto workload = MakeNameWorkload(parameters, [&](uint64_t node) { forgets.Send(node); });
  if (workload == nullptr) {
    workload = MakeDataWorkload(parameters);
  }
  if (workload == nullptr) {
    workload = MakeWalkWorkload(parameters);
  }
  RunResult result;
  if (workload == nullptr) {
    result.failure = "there is no workload of that kind";
    return ToObject(env, result);
  }
  // Behind the slots of the FORGETs.
  const RunMemory slots = {memory, base + ForgetQueue::kSlots * RequestSlot::kData};
  result = Run(ring, slots, *workload,
               {.depth = static_cast<uint16_t>(Count(options, "depth")),
                .duration_ns = static_cast<uint64_t>(Number(options, "durationMs") * 1e6),
                .max_operations = Count(options, "maxOperations"),
                .spin_ns = Count(options, "spinNs")});
  if (!forgets.Drain() && result.failure.empty()) {
    result.failure = "a FORGET did not come back";
  }
  return ToObject(env, result);
}

}  // namespace

void ExportWorkload(Napi::Env env, Napi::Object exports) {
  exports.Set("runWorkload", Napi::Function::New(env, RunWorkload));
}

}  // namespace vfsd::frontend
