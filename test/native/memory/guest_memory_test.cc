// SPDX-License-Identifier: Apache-2.0
#include "memory/guest_memory.h"

#include "../vring/test_driver.h"

namespace vfsd::memory {
namespace {

using testing::TwoRegions;

GuestPhysAddr Address(uint64_t value) {
  return GuestPhysAddr{value};
}

TEST(GuestMemory, ABufferThatStraddlesRegionsComesInTwoParts) {
  TwoRegions guest;
  const auto first = guest.memory.Prefix(Address(TwoRegions::kSeam - 10), 30);
  const auto second = guest.memory.Prefix(Address(TwoRegions::kSeam), 20);
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(second.size(), 20u);
  EXPECT_NE(first.data() + 10, second.data());
}

TEST(GuestMemory, ReadingGoesOnInTheNextRegion) {
  TwoRegions guest;
  const char text[] = "over the seam";
  guest.Write(TwoRegions::kSeam - 4, text, sizeof text);
  char copy[sizeof text];
  ASSERT_TRUE(guest.memory.Read(Address(TwoRegions::kSeam - 4), copy, sizeof copy));
  EXPECT_STREQ(copy, text);
}

TEST(GuestMemory, NothingIsFoundOutsideOfTheTable) {
  TwoRegions guest;
  char byte;
  EXPECT_TRUE(guest.memory.Prefix(Address(TwoRegions::kGuestBase - 1), 1).empty());
  EXPECT_TRUE(guest.memory.Prefix(Address(TwoRegions::kSeam + TwoRegions::kRegionSize), 1).empty());
  EXPECT_TRUE(guest.memory.Prefix(Address(UINT64_MAX), 2).empty());
  EXPECT_FALSE(guest.memory.Read(Address(TwoRegions::kSeam + TwoRegions::kRegionSize), &byte, 1));
}

TEST(GuestMemory, ARegionBeyondTheEndOfItsFileIsRefused) {
  TwoRegions guest;
  auto regions = guest.Descriptions();
  regions[1].size += 4096;
  EXPECT_STREQ(guest.memory.Replace(regions).reason, "a memory region is larger than its file");
}

TEST(GuestMemory, ARegionThatWrapsAroundIsRefused) {
  TwoRegions guest;
  auto regions = guest.Descriptions();
  regions[0].guest_address = Address(UINT64_MAX - 100);
  EXPECT_NE(guest.memory.Replace(regions).reason, nullptr);
  regions = guest.Descriptions();
  regions[0].file_offset = UINT64_MAX - 100;
  EXPECT_NE(guest.memory.Replace(regions).reason, nullptr);
}

TEST(GuestMemory, OverlappingAndEmptyRegionsAreRefused) {
  TwoRegions guest;
  auto regions = guest.Descriptions();
  regions[1].guest_address = Address(TwoRegions::kSeam - 1);
  EXPECT_STREQ(guest.memory.Replace(regions).reason, "two memory regions overlap");
  regions = guest.Descriptions();
  regions[0].size = 0;
  EXPECT_NE(guest.memory.Replace(regions).reason, nullptr);
}

TEST(GuestMemory, ARefusedTableLeavesTheOldOneInForce) {
  TwoRegions guest;
  auto regions = guest.Descriptions();
  regions[1].size += 4096;
  ASSERT_NE(guest.memory.Replace(regions).reason, nullptr);
  EXPECT_EQ(guest.memory.Prefix(Address(TwoRegions::kSeam), 1).size(), 1u);
}

TEST(GuestMemory, ADescriptorThatIsNoMemoryFileIsRefused) {
  TwoRegions guest;
  auto regions = guest.Descriptions();
  regions[0].fd = -1;
  EXPECT_EQ(guest.memory.Replace(regions).error, Errno(EBADF));
}

TEST(GuestMemory, ARingAreaMustLieInOneRegionAndBeAligned) {
  TwoRegions guest;
  const auto area = [&](uint64_t offset, size_t length, size_t alignment) {
    return guest.memory.RingArea(FrontendVirtAddr{TwoRegions::kFrontendBase + offset}, length,
                                 alignment);
  };
  EXPECT_NE(area(0, TwoRegions::kRegionSize, 16), nullptr);
  EXPECT_EQ(area(0, TwoRegions::kRegionSize + 1, 16), nullptr);
  EXPECT_EQ(area(8, 16, 16), nullptr);
  EXPECT_EQ(area(TwoRegions::kRegionSize, 16, 16), nullptr);
}

}  // namespace
}  // namespace vfsd::memory
