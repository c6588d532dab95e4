// SPDX-License-Identifier: Apache-2.0
#include "frontend/driver_ring.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>

#include "frontend/clock.h"

namespace vfsd::frontend {
namespace {

using abi::vring_avail;
using abi::vring_desc;
using abi::vring_used;
using abi::vring_used_elem;

template <typename T>
T* AreaAt(const GuestMemory& memory, uint64_t address, size_t size) {
  const auto area = memory.At(address, size);
  return area.size() == size ? reinterpret_cast<T*>(area.data()) : nullptr;
}

uint16_t* AvailEntries(vring_avail* available) {
  return reinterpret_cast<uint16_t*>(available + 1);
}

vring_used_elem* UsedEntries(vring_used* used) {
  return reinterpret_cast<vring_used_elem*>(used + 1);
}

bool WaitReadable(int fd, int timeout_ms) {
  pollfd wanted = {fd, POLLIN, 0};
  int ready;
  do {
    ready = poll(&wanted, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready == 1;
}

}  // namespace

std::unique_ptr<DriverRing> DriverRing::Create(const GuestMemory& memory,
                                               const RingLayout& layout) {
  std::unique_ptr<DriverRing> ring(new DriverRing(layout));
  const size_t size = layout.size;
  // Both rings end in the 16 bits of the other side's event index (virtio 1.3, 2.7.6 and 2.7.8).
  const size_t available_size = sizeof(vring_avail) + (size + 1) * sizeof(uint16_t);
  const size_t used_size = sizeof(vring_used) + size * sizeof(vring_used_elem) + sizeof(uint16_t);
  ring->descriptors_ = AreaAt<vring_desc>(memory, layout.descriptors, size * sizeof(vring_desc));
  ring->available_ = AreaAt<vring_avail>(memory, layout.available, available_size);
  ring->used_ = AreaAt<vring_used>(memory, layout.used, used_size);
  ring->kick_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ring->call_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ring->error_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (ring->descriptors_ == nullptr || ring->available_ == nullptr || ring->used_ == nullptr ||
      ring->kick_fd_ < 0 || ring->call_fd_ < 0 || ring->error_fd_ < 0) {
    return nullptr;
  }
  ring->next_available_ = ring->exposed_ = ring->next_used_ = layout.start_index;
  ring->available_->flags = 0;
  ring->available_->idx = layout.start_index;
  ring->used_->flags = 0;
  ring->used_->idx = layout.start_index;
  return ring;
}

DriverRing::~DriverRing() {
  for (const int fd : {kick_fd_, call_fd_, error_fd_}) {
    if (fd >= 0) {
      close(fd);
    }
  }
}

void DriverRing::Publish(uint16_t head) {
  AvailEntries(available_)[next_available_ & (layout_.size - 1)] = head;
  ++next_available_;
}

void DriverRing::Expose() {
  __atomic_store_n(&available_->idx, next_available_, __ATOMIC_RELEASE);
}

void DriverRing::ForceAvailIndex(uint16_t index) {
  __atomic_store_n(&available_->idx, index, __ATOMIC_RELEASE);
}

bool DriverRing::KickIfWanted() {
  // virtio 1.3, 2.7.13.4.1: the index is visible before the device's wish is read.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const uint16_t before = exposed_;
  exposed_ = next_available_;
  bool wanted;
  if (layout_.event_idx) {
    const auto* event = reinterpret_cast<const uint16_t*>(UsedEntries(used_) + layout_.size);
    const uint16_t asked = __atomic_load_n(event, __ATOMIC_RELAXED);
    wanted = static_cast<uint16_t>(exposed_ - asked - 1) < static_cast<uint16_t>(exposed_ - before);
  } else {
    wanted = (__atomic_load_n(&used_->flags, __ATOMIC_RELAXED) & abi::VRING_USED_F_NO_NOTIFY) == 0;
  }
  if (wanted) {
    ++kicks_;
    Kick();
  }
  return wanted;
}

void DriverRing::Kick() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(kick_fd_, &one, sizeof one);
}

uint16_t DriverRing::used_index() const {
  return __atomic_load_n(&used_->idx, __ATOMIC_ACQUIRE);
}

bool DriverRing::Pop(vring_used_elem& element) {
  if (!HasUsed()) {
    return false;
  }
  element = UsedEntries(used_)[next_used_ & (layout_.size - 1)];
  ++next_used_;
  return true;
}

void DriverRing::EnableCalls() {
  if (layout_.event_idx) {
    uint16_t* event = AvailEntries(available_) + layout_.size;
    __atomic_store_n(event, next_used_, __ATOMIC_RELAXED);
  }
  // virtio 1.3, 2.7.7: the wish is visible before the last look at the used index.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool DriverRing::Wait(int timeout_ms, uint64_t spin_ns) {
  if (HasUsed()) {
    return true;
  }
  for (const uint64_t end = Nanoseconds() + spin_ns; spin_ns > 0 && Nanoseconds() < end;) {
    if (HasUsed()) {
      return true;
    }
  }
  const uint64_t end = Nanoseconds() + static_cast<uint64_t>(timeout_ms) * 1'000'000;
  EnableCalls();
  while (!HasUsed()) {
    const uint64_t now = Nanoseconds();
    if (now >= end || !WaitReadable(call_fd_, static_cast<int>((end - now) / 1'000'000) + 1)) {
      return false;
    }
    uint64_t count;
    [[maybe_unused]] const ssize_t size = read(call_fd_, &count, sizeof count);
    ++calls_;
  }
  return true;
}

bool DriverRing::WaitError(int timeout_ms) const {
  uint64_t count;
  return WaitReadable(error_fd_, timeout_ms) && read(error_fd_, &count, sizeof count) > 0;
}

}  // namespace vfsd::frontend
