// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "abi/virtio_ring.h"
#include "frontend/guest_memory.h"

namespace vfsd::frontend {

struct RingLayout {
  uint16_t size;
  uint64_t descriptors;
  uint64_t available;
  uint64_t used;
  bool event_idx;
  /** Where both indices begin, as after a stop of a ring that has served that many requests. */
  uint16_t start_index;
};

/**
 * The driver's side of a split virtqueue (virtio 1.3, 2.7). It does what it is told and checks
 * nothing, because half of its users are there to break the rules.
 */
class DriverRing {
 public:
  /** Nullptr: an area crosses regions or is not in memory, or eventfds have run out. */
  static std::unique_ptr<DriverRing> Create(const GuestMemory& memory, const RingLayout& layout);
  DriverRing(const DriverRing&) = delete;
  DriverRing& operator=(const DriverRing&) = delete;
  ~DriverRing();

  int kick_fd() const { return kick_fd_; }
  int call_fd() const { return call_fd_; }
  int error_fd() const { return error_fd_; }

  abi::vring_desc& descriptor(uint16_t index) { return descriptors_[index & (layout_.size - 1)]; }

  /** Puts a chain into the next entry of the avail ring, not yet visible. */
  void Publish(uint16_t head);
  /** Makes all published chains visible. */
  void Expose();
  /** Makes the device believe that `index` chains were published, whatever is true. */
  void ForceAvailIndex(uint16_t index);
  /** Kicks if the device has asked to be kicked for what was exposed since the last look. */
  bool KickIfWanted();
  void Kick() const;

  /** Takes one used element. False: there is none. */
  bool Pop(abi::vring_used_elem& element);
  /**
   * Waits until there is a used element. Looks for `spin_ns` first without asking for a call.
   * False: `timeout_ms` has passed. A call that the device owes and does not make shows as such a
   * timeout, never as a late success.
   */
  bool Wait(int timeout_ms, uint64_t spin_ns = 0);
  /** True: the device reported that it has given the ring up. */
  bool WaitError(int timeout_ms) const;

  uint16_t used_index() const;
  uint64_t kicks() const { return kicks_; }
  uint64_t calls() const { return calls_; }

 private:
  explicit DriverRing(const RingLayout& layout) : layout_(layout) {}

  bool HasUsed() const { return used_index() != next_used_; }
  void EnableCalls();

  const RingLayout layout_;
  abi::vring_desc* descriptors_ = nullptr;
  abi::vring_avail* available_ = nullptr;
  abi::vring_used* used_ = nullptr;
  uint16_t next_available_ = 0;
  uint16_t exposed_ = 0;
  uint16_t next_used_ = 0;
  int kick_fd_ = -1;
  int call_fd_ = -1;
  int error_fd_ = -1;
  uint64_t kicks_ = 0;
  uint64_t calls_ = 0;
};

}  // namespace vfsd::frontend
