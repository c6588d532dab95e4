// SPDX-License-Identifier: Apache-2.0
#include "engine/device.h"

#include <algorithm>
#include <bit>

namespace vfsd::engine {

Result<std::unique_ptr<Device>> Device::Create(const DeviceShape& shape,
                                               fuse::FileSystem& file_system,
                                               const fuse::SessionOptions& options, EventSink& sink,
                                               sys::ThreadSeal* seal) {
  const Status guarded = memory::FaultGuard::Install();
  if (!guarded) {
    return guarded.error();
  }
  std::unique_ptr<Device> device(new Device(file_system, options, sink, shape.slow_request_ns));
  const uint16_t queues = shape.request_queues + 1;  // and the high-priority queue
  for (uint16_t index = 0; index < queues; ++index) {
    const auto carries = index == 0 ? Queue::Carries::kForgets : Queue::Carries::kRequests;
    device->queues_.push_back(std::make_unique<Queue>(index, carries, shape.poll_limit_ns, sink));
  }
  const Status started = device->crew_.Start(queues, shape.followers, seal);
  if (!started) {
    if (seal != nullptr) {
      seal->Release();
    }
    return started.error();
  }
  return device;
}

Queue* Device::QueueAt(uint16_t index) {
  return index < queues_.size() ? queues_[index].get() : nullptr;
}

bool Device::AnyRunning() const {
  return std::ranges::any_of(queues_, [](const auto& queue) { return queue->running(); });
}

Refusal Device::SetMemory(std::span<const memory::RegionDescription> regions) {
  if (AnyRunning()) {
    return {"the memory table cannot change while a ring runs"};
  }
  return memory_.Replace(regions);
}

Refusal Device::StartRing(RingSetup setup) {
  Queue* queue = QueueAt(setup.index);
  if (queue == nullptr) {
    return {"there is no ring of that index"};
  }
  if (queue->running()) {
    return {"the ring runs already"};
  }
  // virtio 1.3, 2.7: the size of a split ring is a power of two.
  if (!std::has_single_bit(setup.layout.size) || setup.layout.size > vring::SplitRing::kMaxSize) {
    return {"the ring's size is no power of two from 1 to 1024"};
  }
  std::optional<vring::SplitRing> ring =
      vring::SplitRing::Map(setup.layout, memory_, setup.available_base);
  if (!ring) {
    return {"a part of the ring lies outside of the memory table or is misaligned"};
  }
  const Status started = queue->Start(*ring, std::move(setup.kick), std::move(setup.call));
  if (!started) {
    return {"the kick descriptor cannot be waited for", started.error()};
  }
  crew_.BeginLead(*queue);
  return {nullptr};
}

bool Device::StopRing(uint16_t index) {
  Queue* queue = QueueAt(index);
  if (queue != nullptr) {
    queue->RequestStop();
    // What waits without a thread does not look at the queue, and would hold up its stop.
    server_.EndUnwantedWaits();
  }
  return queue != nullptr;
}

void Device::ReleaseRing(uint16_t index) {
  Queue* queue = QueueAt(index);
  if (queue != nullptr) {
    queue->Release();
  }
}

bool Device::SetCall(uint16_t index, UniqueFd call) {
  Queue* queue = QueueAt(index);
  if (queue != nullptr) {
    queue->SetCall(std::move(call));
  }
  return queue != nullptr;
}

void Device::ResetSession() {
  server_.ResetSession();
}

}  // namespace vfsd::engine
