// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "abi/virtio_ring.h"
#include "memory/guest_memory.h"
#include "vring/descriptor_chain.h"

namespace vfsd::vring {

struct RingLayout {
  uint16_t size = 0;  // descriptors, a power of two
  memory::FrontendVirtAddr descriptors{};
  memory::FrontendVirtAddr available{};
  memory::FrontendVirtAddr used{};
  bool event_idx = false;
  bool indirect = false;
};

/**
 * A split virtqueue as the device sees it (virtio 1.3, 2.7).
 *
 * The available side (Take, EnableKicks, DisableKicks) belongs to the thread that leads the queue.
 * The used side (PutUsed, TakeCallDecision) is called by any thread that has finished a request,
 * under the queue's lock. The two sides share no field that changes.
 */
class SplitRing {
 public:
  /** The largest ring that QEMU makes (VIRTQUEUE_MAX_SIZE). */
  static constexpr uint16_t kMaxSize = 1024;

  /** Null when an area lies outside of the memory or is misaligned. `memory` must outlive the ring.
   */
  static std::optional<SplitRing> Map(const RingLayout& layout, const memory::GuestMemory& memory,
                                      uint16_t available_base);

  enum class Taken : uint8_t { kChain, kNothing, kBroken };

  /** Takes the next available chain. After kBroken, `error` says why and the ring must not be used
   * any more. */
  Taken Take(DescriptorChain& chain, RingError& error);

  /** Asks the driver for a kick at the next buffer. Afterwards the caller looks at the ring once
   * more. */
  void EnableKicks();

  /**
   * Asks the driver for a kick only when it has made `count` more buffers available than have been
   * taken. False: it cannot be told so, and kicks stay as they are.
   */
  bool EnableKicksAfter(uint16_t count);

  /** While the device works anyway, a kick is a waste. */
  void DisableKicks();

  /** How many buffers have not been taken, if the driver's index can be believed. */
  uint16_t Waiting() const;
  bool HasAvailable() const { return Waiting() != 0; }

  /** Gives a chain back, with `written` bytes at its writable front, and makes it visible to the
   * driver. */
  void PutUsed(uint16_t head, uint32_t written);

  /** True when the driver wants a call for what has been put since the last decision
   * (virtio 1.3, 2.7.7). */
  bool TakeCallDecision();

  uint16_t size() const { return table_.size; }
  bool indirect() const { return table_.indirect_allowed; }

  /** The next index of the available ring, for GET_VRING_BASE. */
  uint16_t available_base() const { return next_available_; }

 private:
  SplitRing() = default;

  DescriptorTable table_;
  const memory::GuestMemory* memory_ = nullptr;
  bool event_idx_ = false;
  uint16_t mask_ = 0;

  // Available side.
  std::byte* available_ = nullptr;
  uint16_t* avail_event_ = nullptr;
  uint16_t next_available_ = 0;
  // The driver's index when it was last read: what lies before it needs no further look at guest
  // memory.
  uint16_t seen_available_ = 0;

  // Used side.
  std::byte* used_ = nullptr;
  uint16_t* used_event_ = nullptr;
  uint16_t next_used_ = 0;
  // The used index up to which the driver has been told.
  uint16_t called_used_ = 0;
};

}  // namespace vfsd::vring
