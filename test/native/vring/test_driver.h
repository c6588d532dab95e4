// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "abi/virtio_ring.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "memory/guest_memory.h"
#include "vring/split_ring.h"

namespace vfsd::testing {

/** Guest memory in two regions that are neighbours for the guest and strangers on the host. */
class TwoRegions {
 public:
  static constexpr uint64_t kGuestBase = 0x4000'0000;
  static constexpr uint64_t kFrontendBase = 0x7f00'0000'0000;
  static constexpr uint64_t kRegionSize = 1 << 20;
  /** The guest address at which the first region ends and the second begins. */
  static constexpr uint64_t kSeam = kGuestBase + kRegionSize;

  TwoRegions() : file_(memfd_create("guest", MFD_CLOEXEC)) {
    // A page lies between the two in the file, so that the mappings cannot join.
    EXPECT_EQ(ftruncate(file_.get(), 2 * kRegionSize + 4096), 0);
    const memory::TableRefusal refusal = memory.Replace(Descriptions());
    EXPECT_EQ(refusal.reason, nullptr);
  }

  std::vector<memory::RegionDescription> Descriptions() const {
    const auto region = [&](uint64_t index, uint64_t offset) {
      return memory::RegionDescription{
          memory::GuestPhysAddr{kGuestBase + index * kRegionSize},
          memory::FrontendVirtAddr{kFrontendBase + index * (kRegionSize + 4096)}, kRegionSize,
          offset, file_.get()};
    };
    return {region(0, 0), region(1, kRegionSize + 4096)};
  }

  int file() const { return file_.get(); }

  /** The host's view of guest memory. Precondition: all within one region. */
  std::byte* At(uint64_t guest_address, size_t length = 1) {
    const auto part = memory.Prefix(memory::GuestPhysAddr{guest_address}, length);
    EXPECT_EQ(part.size(), length);
    return part.data();
  }

  void Write(uint64_t guest_address, const void* bytes, size_t length) {
    const auto* from = static_cast<const std::byte*>(bytes);
    for (size_t i = 0; i < length; ++i) {
      *At(guest_address + i) = from[i];
    }
  }

  memory::GuestMemory memory;

 private:
  UniqueFd file_;
};

/** The driver's side of a ring of 8 at the beginning of guest memory, with everything by hand. */
class TestDriver {
 public:
  static constexpr uint16_t kSize = 8;
  static constexpr uint64_t kDescriptors = TwoRegions::kGuestBase;
  static constexpr uint64_t kAvailable = kDescriptors + 0x1000;
  static constexpr uint64_t kUsed = kDescriptors + 0x2000;

  explicit TestDriver(TwoRegions& guest) : guest_(guest) {}

  static vring::RingLayout Layout(bool event_idx = true, bool indirect = true) {
    const auto frontend = [](uint64_t guest_address) {
      return memory::FrontendVirtAddr{guest_address - TwoRegions::kGuestBase +
                                      TwoRegions::kFrontendBase};
    };
    return {kSize,   frontend(kDescriptors), frontend(kAvailable), frontend(kUsed), event_idx,
            indirect};
  }

  vring::SplitRing Ring(bool event_idx = true, bool indirect = true, uint16_t base = 0) {
    auto ring = vring::SplitRing::Map(Layout(event_idx, indirect), guest_.memory, base);
    EXPECT_TRUE(ring.has_value());
    return *ring;
  }

  void Describe(uint16_t index, abi::vring_desc descriptor) {
    guest_.Write(kDescriptors + index * sizeof descriptor, &descriptor, sizeof descriptor);
  }

  void Offer(uint16_t head) {
    guest_.Write(kAvailable + 4 + (available_ % kSize) * 2u, &head, sizeof head);
    SetAvailableIndex(static_cast<uint16_t>(available_ + 1));
  }

  void SetAvailableIndex(uint16_t index) {
    available_ = index;
    auto* at = reinterpret_cast<uint16_t*>(guest_.At(kAvailable + 2, sizeof index));
    // In one piece: the device may be looking.
    __atomic_store_n(at, index, __ATOMIC_RELEASE);
  }

  void SetAvailableFlags(uint16_t flags) { guest_.Write(kAvailable, &flags, sizeof flags); }

  void SetUsedEvent(uint16_t event) {
    guest_.Write(kAvailable + 4 + kSize * 2, &event, sizeof event);
  }

  template <typename T>
  T Read(uint64_t guest_address) {
    T value;
    EXPECT_TRUE(guest_.memory.Read(memory::GuestPhysAddr{guest_address}, &value, sizeof value));
    return value;
  }

  uint16_t UsedIndex() { return Read<uint16_t>(kUsed + 2); }
  abi::vring_used_elem UsedElement(uint16_t index) {
    return Read<abi::vring_used_elem>(kUsed + 4 + (index % kSize) * 8u);
  }
  uint16_t AvailableEvent() { return Read<uint16_t>(kUsed + 4 + kSize * 8); }

 private:
  TwoRegions& guest_;
  uint16_t available_ = 0;
};

}  // namespace vfsd::testing
