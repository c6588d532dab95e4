// SPDX-License-Identifier: Apache-2.0
#include "addon/metrics_snapshot.h"

#include <cstdint>

#include "fuse/operations.h"
#include "metrics/thread_metrics.h"

namespace vfsd::addon {
namespace {

using metrics::Histogram;
using metrics::ThreadMetrics;

// Counters as JavaScript's numbers: exact up to 2^53.
double ToNumber(uint64_t count) {
  return static_cast<double>(count);
}

const char* NameOf(uint32_t opcode) {
  const fuse::Operation* operation = fuse::FindOperation(opcode);
  return operation == nullptr ? "OTHER" : operation->name;
}

template <typename Read>
uint64_t Sum(engine::Crew& crew, Read read) {
  uint64_t sum = 0;
  crew.VisitMetrics([&](const ThreadMetrics& thread) { sum += read(thread); });
  return sum;
}

/** Of the opcodes that vfsd does not have, all together are one. */
Napi::Array ToOpcodes(Napi::Env env, engine::Crew& crew) {
  Napi::Array opcodes = Napi::Array::New(env);
  for (uint32_t opcode = 0; opcode < abi::kOpcodeCount; ++opcode) {
    Napi::Array buckets = Napi::Array::New(env, Histogram::kBuckets);
    double requests = 0;
    for (size_t i = 0; i < Histogram::kBuckets; ++i) {
      const double count =
          ToNumber(Sum(crew, [&](const ThreadMetrics& t) { return t.durations(opcode).at(i); }));
      buckets.Set(static_cast<uint32_t>(i), count);
      requests += count;
    }
    if (requests == 0) {
      continue;
    }
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("opcode", NameOf(opcode));
    entry.Set("requests", requests);
    entry.Set(
        "nanoseconds",
        ToNumber(Sum(crew, [&](const ThreadMetrics& t) { return t.durations(opcode).total(); })));
    entry.Set("buckets", buckets);
    opcodes.Set(opcodes.Length(), entry);
  }
  return opcodes;
}

Napi::Array ToErrors(Napi::Env env, engine::Crew& crew) {
  Napi::Array errors = Napi::Array::New(env);
  for (size_t error = 1; error < metrics::kErrnos; ++error) {
    const uint64_t count = Sum(crew, [&](const ThreadMetrics& t) { return t.errors(error); });
    if (count == 0) {
      continue;
    }
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("errno", ToNumber(error));
    entry.Set("count", ToNumber(count));
    errors.Set(errors.Length(), entry);
  }
  return errors;
}

Napi::Array ToQueues(Napi::Env env, engine::Device& device) {
  Napi::Array queues = Napi::Array::New(env);
  for (const auto& queue : device.queues()) {
    // In this order: what is served meanwhile has been taken before.
    const uint64_t served = Sum(device.crew(), [&](const ThreadMetrics& t) {
      return t.queue(queue->index()).served.value();
    });
    const uint64_t taken = Sum(device.crew(), [&](const ThreadMetrics& t) {
      return t.queue(queue->index()).taken.value();
    });
    const engine::Queue::Counts& counts = queue->counts();
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("requests", ToNumber(served));
    entry.Set("inProgress", ToNumber(taken - served) + queue->deferred());
    entry.Set("pollsFound", ToNumber(counts.polls_found.value()));
    entry.Set("pollsMissed", ToNumber(counts.polls_missed.value()));
    entry.Set("sleeps", ToNumber(counts.sleeps.value()));
    entry.Set("ringErrors", ToNumber(counts.ring_errors.value()));
    queues.Set(queues.Length(), entry);
  }
  return queues;
}

Napi::Array BucketEnds(Napi::Env env) {
  Napi::Array ends = Napi::Array::New(env);
  for (size_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
    ends.Set(static_cast<uint32_t>(i), ToNumber(Histogram::EndOf(i)));
  }
  return ends;
}

}  // namespace

Napi::Value ToMetrics(Napi::Env env, engine::Device& device,
                      const fs::passthrough::Passthrough& passthrough) {
  engine::Crew& crew = device.crew();
  const fs::passthrough::Passthrough::Holdings held = passthrough.Held();
  Napi::Object object = Napi::Object::New(env);
  object.Set("bucketEndsNs", BucketEnds(env));
  object.Set("opcodes", ToOpcodes(env, crew));
  object.Set("errors", ToErrors(env, crew));
  object.Set("queues", ToQueues(env, device));
  object.Set("readBytes",
             ToNumber(Sum(crew, [](const ThreadMetrics& t) { return t.read_bytes(); })));
  object.Set("writtenBytes",
             ToNumber(Sum(crew, [](const ThreadMetrics& t) { return t.written_bytes(); })));
  object.Set("slowRequestsLost",
             ToNumber(Sum(crew, [](const ThreadMetrics& t) { return t.slow().lost(); })));
  object.Set("inodes", ToNumber(held.inodes));
  object.Set("openFiles", ToNumber(held.open_files));
  object.Set("openDirectories", ToNumber(held.open_directories));
  object.Set("descriptors", static_cast<double>(held.descriptors));
  object.Set("descriptorLimit", static_cast<double>(held.descriptor_limit));
  return object;
}

Napi::Value TakeSlowRequests(Napi::Env env, engine::Device& device) {
  Napi::Array requests = Napi::Array::New(env);
  // First: what comes during the reading is told again.
  device.crew().ListenForSlowRequests();
  device.crew().VisitMetrics([&](ThreadMetrics& thread) {
    // As many as there are places: threads that go on must not keep this one here.
    for (size_t i = 0; i < metrics::SlowRequests::kPlaces; ++i) {
      const auto slow = thread.slow().Take();
      if (!slow) {
        return;
      }
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("opcode", NameOf(slow->opcode));
      entry.Set("queue", static_cast<uint32_t>(slow->queue));
      entry.Set("slept", slow->slept);
      entry.Set("errno", slow->error);
      entry.Set("node", Napi::BigInt::New(env, slow->node));
      entry.Set("nanoseconds", ToNumber(slow->nanoseconds));
      requests.Set(requests.Length(), entry);
    }
  });
  return requests;
}

}  // namespace vfsd::addon
