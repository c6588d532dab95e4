// SPDX-License-Identifier: Apache-2.0
#include "frontend/workload_run.h"

#include <sched.h>

#include <algorithm>
#include <memory>
#include <thread>

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

Napi::Object ToObject(Napi::Env env, RunResult& result, const std::vector<uint64_t>& nodes) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("operations", static_cast<double>(result.operations));
  object.Set("requests", static_cast<double>(result.requests));
  object.Set("elapsedNs", static_cast<double>(result.elapsed_ns));
  object.Set("p50Ns", Percentile(result.latencies, 0.50));
  object.Set("p99Ns", Percentile(result.latencies, 0.99));
  object.Set("kicks", static_cast<double>(result.kicks));
  object.Set("calls", static_cast<double>(result.calls));
  object.Set("neighbourOperations", static_cast<double>(result.neighbour_operations));
  const Napi::Array kept = Napi::Array::New(env, nodes.size());
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    kept.Set(i, Napi::BigInt::New(env, nodes[i]));
  }
  object.Set("kept", kept);
  object.Set("failure", result.failure.empty()
                            ? env.Null()
                            : Napi::Value(Napi::String::New(env, result.failure)));
  return object;
}

std::vector<uint64_t> Nodes(const Napi::Value& value) {
  std::vector<uint64_t> nodes;
  if (value.IsArray()) {
    const auto array = value.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); ++i) {
      bool lossless;
      nodes.push_back(array.Get(i).As<Napi::BigInt>().Uint64Value(&lossless));
    }
  }
  return nodes;
}

std::string Text(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

WorkloadParameters Parameters(const Napi::Object& options) {
  return {.kind = Text(options, "kind"),
          .node = Wide(options, "node"),
          .handle = Wide(options, "handle"),
          .name = Text(options, "name"),
          .size = Count(options, "size"),
          .block = Count(options, "block"),
          .inode = Wide(options, "inode"),
          .caller = static_cast<uint32_t>(Count(options, "caller")),
          .nodes = Nodes(options.Get("nodes"))};
}

PageLayout Pages(const Napi::Object& options) {
  const std::string name = Text(options, "pages");
  if (name == "scattered") {
    return PageLayout::kScattered;
  }
  return name == "single" ? PageLayout::kSingle : PageLayout::kContiguous;
}

/** One run, taken apart: from here on it needs no JavaScript, and may go on in a thread of its own.
 */
class Prepared {
 public:
  Prepared(const Napi::Object& options, const Workload::Forget& forget)
      : memory_(MemoryWrap::Unwrap(options.Get("memory").As<Napi::Object>())->memory()),
        ring_(RingWrap::Unwrap(options.Get("ring").As<Napi::Object>())->ring()),
        // Behind the slots of the FORGETs.
        base_(Count(options, "base") + ForgetQueue::kMemory),
        workload_(MakeWorkload(Parameters(options), forget)) {
    options_ = {.depth = static_cast<uint16_t>(Count(options, "depth")),
                .duration_ns = static_cast<uint64_t>(Number(options, "durationMs") * 1e6),
                .max_operations = Count(options, "maxOperations"),
                .spin_ns = Count(options, "spinNs"),
                .pages = Pages(options)};
    const Napi::Value neighbour = options.Get("neighbour");
    if (neighbour.IsObject()) {
      neighbour_ = MakeWorkload(Parameters(neighbour.As<Napi::Object>()), forget);
      options_.neighbour = neighbour_.get();
      is_complete_ = neighbour_ != nullptr;
    }
    const Napi::Value cpu = options.Get("cpu");
    if (cpu.IsNumber()) {
      cpu_ = cpu.As<Napi::Number>().Int32Value();
    }
  }

  void Go() {
    if (workload_ == nullptr || !is_complete_) {
      result_.failure = "there is no workload of that kind";
      return;
    }
    if (cpu_ >= 0) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(static_cast<size_t>(cpu_), &set);
      sched_setaffinity(0, sizeof set, &set);
    }
    result_ = Run(ring_, {memory_, base_}, *workload_, options_);
  }

  Napi::Object Result(Napi::Env env, bool forgotten) {
    if (!forgotten && result_.failure.empty()) {
      result_.failure = "a FORGET did not come back";
    }
    return ToObject(env, result_, workload_ != nullptr ? workload_->kept : std::vector<uint64_t>());
  }

 private:
  const GuestMemory& memory_;
  DriverRing& ring_;
  const uint64_t base_;
  const std::unique_ptr<Workload> workload_;
  std::unique_ptr<Workload> neighbour_;
  bool is_complete_ = true;
  int cpu_ = -1;
  RunOptions options_;
  RunResult result_;
};

/** runWorkload({memory, base, ring, hiprio, depth, durationMs, maxOperations, spinNs, kind, …}) */
Napi::Value RunWorkload(const Napi::CallbackInfo& info) {
  const auto options = info[0].As<Napi::Object>();
  ForgetQueue forgets(RingWrap::Unwrap(options.Get("hiprio").As<Napi::Object>())->ring(),
                      {MemoryWrap::Unwrap(options.Get("memory").As<Napi::Object>())->memory(),
                       Count(options, "base")});
  Prepared run(options, [&](uint64_t node) { forgets.Send(node); });
  run.Go();
  return run.Result(info.Env(), forgets.Drain());
}

/** runWorkloads(list): each in a thread of its own, all at once. They share the first one's queue
 * for FORGETs. */
Napi::Value RunWorkloads(const Napi::CallbackInfo& info) {
  const auto list = info[0].As<Napi::Array>();
  const auto first = list.Get(uint32_t{0}).As<Napi::Object>();
  ForgetQueue forgets(
      RingWrap::Unwrap(first.Get("hiprio").As<Napi::Object>())->ring(),
      {MemoryWrap::Unwrap(first.Get("memory").As<Napi::Object>())->memory(), Count(first, "base")});
  std::vector<std::unique_ptr<Prepared>> runs;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    runs.push_back(std::make_unique<Prepared>(list.Get(i).As<Napi::Object>(),
                                              [&](uint64_t node) { forgets.Send(node); }));
  }
  std::vector<std::thread> threads;
  threads.reserve(runs.size());
  for (const auto& run : runs) {
    threads.emplace_back([&run] { run->Go(); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const bool forgotten = forgets.Drain();
  const Napi::Array results = Napi::Array::New(info.Env(), runs.size());
  for (uint32_t i = 0; i < runs.size(); ++i) {
    results.Set(i, runs[i]->Result(info.Env(), forgotten));
  }
  return results;
}

}  // namespace

void ExportWorkload(Napi::Env env, Napi::Object exports) {
  exports.Set("runWorkload", Napi::Function::New(env, RunWorkload));
  exports.Set("runWorkloads", Napi::Function::New(env, RunWorkloads));
}

}  // namespace vfsd::frontend
