// SPDX-License-Identifier: Apache-2.0
#include "vring/split_ring.h"

#include <atomic>
#include <cstring>

namespace vfsd::vring {
namespace {

using abi::vring_avail;
using abi::vring_used;
using abi::vring_used_elem;

uint16_t LoadAcquire(const void* guest) {
  return __atomic_load_n(static_cast<const uint16_t*>(guest), __ATOMIC_ACQUIRE);
}

uint16_t LoadRelaxed(const void* guest) {
  return __atomic_load_n(static_cast<const uint16_t*>(guest), __ATOMIC_RELAXED);
}

void StoreRelease(void* guest, uint16_t value) {
  __atomic_store_n(static_cast<uint16_t*>(guest), value, __ATOMIC_RELEASE);
}

void StoreRelaxed(void* guest, uint16_t value) {
  __atomic_store_n(static_cast<uint16_t*>(guest), value, __ATOMIC_RELAXED);
}

/** virtio 1.3, 2.7.7.2 and 2.7.10: has `event` been passed on the way from `before` to `now`? */
bool NeedsEvent(uint16_t event, uint16_t now, uint16_t before) {
  return static_cast<uint16_t>(now - event - 1) < static_cast<uint16_t>(now - before);
}

}  // namespace

std::optional<SplitRing> SplitRing::Map(const RingLayout& layout, const memory::GuestMemory& memory,
                                        uint16_t available_base) {
  const size_t size = layout.size;
  const size_t event = sizeof(uint16_t);
  const size_t available_length = sizeof(vring_avail) + size * sizeof(uint16_t);
  const size_t used_length = sizeof(vring_used) + size * sizeof(vring_used_elem);

  std::byte* descriptors = memory.RingArea(layout.descriptors, size * sizeof(abi::vring_desc),
                                           abi::VRING_DESC_ALIGN_SIZE);
  std::byte* available =
      memory.RingArea(layout.available, available_length + event, abi::VRING_AVAIL_ALIGN_SIZE);
  std::byte* used = memory.RingArea(layout.used, used_length + event, abi::VRING_USED_ALIGN_SIZE);
  if (descriptors == nullptr || available == nullptr || used == nullptr) {
    return std::nullopt;
  }

  SplitRing ring;
  ring.table_ = {reinterpret_cast<const abi::vring_desc*>(descriptors), layout.size,
                 layout.indirect};
  ring.memory_ = &memory;
  ring.event_idx_ = layout.event_idx;
  ring.mask_ = static_cast<uint16_t>(size - 1);
  ring.available_ = available;
  ring.used_event_ = reinterpret_cast<uint16_t*>(available + available_length);
  ring.used_ = used;
  ring.avail_event_ = reinterpret_cast<uint16_t*>(used + used_length);
  ring.next_available_ = available_base;
  ring.seen_available_ = available_base;
  // The ring goes on where an earlier run, of this or another process, has left it.
  ring.next_used_ = LoadAcquire(used + offsetof(vring_used, idx));
  ring.called_used_ = ring.next_used_;
  return ring;
}

SplitRing::Taken SplitRing::Take(DescriptorChain& chain, RingError& error) {
  if (next_available_ == seen_available_) {
    // Acquire: pairs with the driver's write barrier between the ring entry (and all it refers to)
    // and the index.
    seen_available_ = LoadAcquire(available_ + offsetof(vring_avail, idx));
    const auto waiting = static_cast<uint16_t>(seen_available_ - next_available_);
    if (waiting == 0) {
      return Taken::kNothing;
    }
    if (waiting > table_.size) {
      error = RingError::kAvailIndexJump;
      return Taken::kBroken;
    }
  }
  const std::byte* entry =
      available_ + sizeof(vring_avail) + (next_available_ & mask_) * sizeof(uint16_t);
  error = WalkChain(table_, *memory_, LoadRelaxed(entry), chain);
  if (error != RingError::kNone) {
    return Taken::kBroken;
  }
  ++next_available_;
  return Taken::kChain;
}

uint16_t SplitRing::Waiting() const {
  return static_cast<uint16_t>(LoadAcquire(available_ + offsetof(vring_avail, idx)) -
                               next_available_);
}

void SplitRing::EnableKicks() {
  if (event_idx_) {
    StoreRelaxed(avail_event_, next_available_);
  } else {
    StoreRelaxed(used_ + offsetof(vring_used, flags), 0);
  }
  // Orders the wish for a kick before the caller's last look at avail->idx; pairs with the driver's
  // full barrier between its store to avail->idx and its load of avail_event or used->flags.
  // Without it both could miss each other.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool SplitRing::EnableKicksAfter(uint16_t count) {
  if (event_idx_) {
    StoreRelaxed(avail_event_, static_cast<uint16_t>(next_available_ + count - 1));
  }
  return event_idx_;
}

void SplitRing::DisableKicks() {
  // With EVENT_IDX nothing is to be done: avail_event is passed once at most and stays behind then.
  if (!event_idx_) {
    StoreRelaxed(used_ + offsetof(vring_used, flags), abi::VRING_USED_F_NO_NOTIFY);
  }
}

void SplitRing::PutUsed(uint16_t head, uint32_t written) {
  const vring_used_elem element = {head, written};
  std::byte* entry = used_ + sizeof(vring_used) + (next_used_ & mask_) * sizeof element;
  std::memcpy(entry, &element, sizeof element);
  ++next_used_;
  // Release: the element and the reply's bytes are visible before the index that announces them;
  // pairs with the driver's read barrier after its load of used->idx.
  StoreRelease(used_ + offsetof(vring_used, idx), next_used_);
}

bool SplitRing::TakeCallDecision() {
  if (called_used_ == next_used_) {
    return false;
  }
  // Orders the store to used->idx before the load of what the driver wants; pairs with the driver's
  // full barrier between enabling its call and its last look at used->idx.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const uint16_t before = called_used_;
  called_used_ = next_used_;
  if (event_idx_) {
    return NeedsEvent(LoadRelaxed(used_event_), next_used_, before);
  }
  const uint16_t flags = LoadRelaxed(available_ + offsetof(vring_avail, flags));
  return (flags & abi::VRING_AVAIL_F_NO_INTERRUPT) == 0;
}

}  // namespace vfsd::vring
