// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/crew.h"
#include "engine/event_sink.h"
#include "engine/queue.h"
#include "fuse/server.h"
#include "memory/guest_memory.h"

namespace vfsd::engine {

struct DeviceShape {
  uint16_t request_queues;
  uint16_t followers;
  /** How long a queue's thread may look for the next request before it sleeps. */
  uint32_t poll_limit_ns;
  /** How long a request may take before it is reported, in nanoseconds; 0: as long as it likes. */
  uint64_t slow_request_ns = 0;
};

struct RingSetup {
  uint16_t index;
  uint16_t available_base;
  vring::RingLayout layout;
  UniqueFd kick;
  UniqueFd call;
};

/** Why something was refused: `reason` is null when it was not; `error` is set when a system call
 * is the reason. */
using Refusal = memory::TableRefusal;

/**
 * A virtio-fs device: the guest's memory, its queues and the threads that serve them. All methods
 * are the control thread's.
 */
class Device {
 public:
  /** `file_system`, `sink` and `seal` must outlive the device. Creates every thread: they stand at
   * `seal` first, if there is one. */
  static Result<std::unique_ptr<Device>> Create(const DeviceShape& shape,
                                                fuse::FileSystem& file_system,
                                                const fuse::SessionOptions& options,
                                                EventSink& sink, sys::ThreadSeal* seal = nullptr);
  /** Precondition: no queue runs. */
  ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  Refusal SetMemory(std::span<const memory::RegionDescription> regions);
  Refusal StartRing(RingSetup setup);
  /** EventSink::RingStopped tells when it is done. False: there is no such queue. */
  bool StopRing(uint16_t index);
  /** To be called when RingStopped has been reported: closes the ring's descriptors. */
  void ReleaseRing(uint16_t index);
  bool SetCall(uint16_t index, UniqueFd call);
  /** Forgets the FUSE session. Only while no ring runs. */
  void ResetSession();

  const std::vector<std::unique_ptr<Queue>>& queues() const { return queues_; }
  Crew& crew() { return crew_; }

 private:
  Device(fuse::FileSystem& file_system, const fuse::SessionOptions& options, EventSink& sink,
         uint64_t slow_request_ns)
      : server_(file_system, options), crew_(server_, sink, slow_request_ns) {}

  Queue* QueueAt(uint16_t index);
  bool AnyRunning() const;

  memory::GuestMemory memory_;
  fuse::Server server_;
  std::vector<std::unique_ptr<Queue>> queues_;
  Crew crew_;
};

}  // namespace vfsd::engine
