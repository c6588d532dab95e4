// SPDX-License-Identifier: Apache-2.0
#include "vring/split_ring.h"

#include "test_driver.h"

namespace vfsd::vring {
namespace {

using Taken = SplitRing::Taken;
using testing::TestDriver;
using testing::TwoRegions;

class SplitRingTest : public ::testing::Test {
 protected:
  SplitRingTest() {
    driver_.Describe(2, {TwoRegions::kGuestBase + 0x8000, 16, abi::VRING_DESC_F_WRITE, 0});
  }

  Taken Take(SplitRing& ring) { return ring.Take(chain_, error_); }

  TwoRegions guest_;
  TestDriver driver_{guest_};
  DescriptorChain chain_;
  RingError error_ = RingError::kNone;
};

TEST_F(SplitRingTest, WhatIsOfferedIsTakenOnce) {
  SplitRing ring = driver_.Ring();
  EXPECT_EQ(Take(ring), Taken::kNothing);
  driver_.Offer(2);
  EXPECT_TRUE(ring.HasAvailable());
  ASSERT_EQ(Take(ring), Taken::kChain);
  EXPECT_EQ(chain_.head, 2);
  EXPECT_EQ(Take(ring), Taken::kNothing);
  EXPECT_EQ(ring.available_base(), 1);
}

TEST_F(SplitRingTest, UsedBuffersAreShownToTheDriver) {
  SplitRing ring = driver_.Ring();
  ring.PutUsed(2, 77);
  EXPECT_EQ(driver_.UsedIndex(), 1);
  EXPECT_EQ(driver_.UsedElement(0).id, 2u);
  EXPECT_EQ(driver_.UsedElement(0).len, 77u);
}

TEST_F(SplitRingTest, ARingGoesOnWhereItWasLeft) {
  SplitRing first = driver_.Ring();
  driver_.Offer(2);
  ASSERT_EQ(Take(first), Taken::kChain);
  first.PutUsed(2, 1);
  SplitRing second = driver_.Ring(true, true, first.available_base());
  EXPECT_EQ(Take(second), Taken::kNothing);
  driver_.Offer(2);
  EXPECT_EQ(Take(second), Taken::kChain);
  second.PutUsed(2, 2);
  EXPECT_EQ(driver_.UsedIndex(), 2);
}

TEST_F(SplitRingTest, IndexesWrapAroundAt65536) {
  driver_.SetAvailableIndex(0xffff);
  SplitRing ring = driver_.Ring(true, true, 0xffff);
  for (int i = 0; i < 3; ++i) {
    driver_.Offer(2);
    ASSERT_EQ(Take(ring), Taken::kChain);
  }
  EXPECT_EQ(ring.available_base(), 2);
}

TEST_F(SplitRingTest, AnIndexThatJumpsBreaksTheRing) {
  SplitRing ring = driver_.Ring();
  driver_.SetAvailableIndex(TestDriver::kSize + 1);
  EXPECT_EQ(Take(ring), Taken::kBroken);
  EXPECT_EQ(error_, RingError::kAvailIndexJump);
}

TEST_F(SplitRingTest, AFullRingIsNoJump) {
  SplitRing ring = driver_.Ring();
  for (int i = 0; i < TestDriver::kSize; ++i) {
    driver_.Offer(2);
  }
  for (int i = 0; i < TestDriver::kSize; ++i) {
    EXPECT_EQ(Take(ring), Taken::kChain);
  }
  EXPECT_EQ(Take(ring), Taken::kNothing);
}

TEST_F(SplitRingTest, WithEventIdxTheDriverIsCalledAtTheIndexItAskedFor) {
  SplitRing ring = driver_.Ring();
  driver_.SetUsedEvent(1);
  ring.PutUsed(2, 0);
  EXPECT_FALSE(ring.TakeCallDecision());
  ring.PutUsed(2, 0);
  EXPECT_TRUE(ring.TakeCallDecision());
  EXPECT_FALSE(ring.TakeCallDecision());
}

TEST_F(SplitRingTest, ABatchThatPassesTheAskedIndexCallsOnce) {
  SplitRing ring = driver_.Ring();
  driver_.SetUsedEvent(1);
  for (int i = 0; i < 4; ++i) {
    ring.PutUsed(2, 0);
  }
  EXPECT_TRUE(ring.TakeCallDecision());
}

TEST_F(SplitRingTest, WithoutEventIdxTheFlagDecides) {
  SplitRing ring = driver_.Ring(false);
  ring.PutUsed(2, 0);
  EXPECT_TRUE(ring.TakeCallDecision());
  driver_.SetAvailableFlags(abi::VRING_AVAIL_F_NO_INTERRUPT);
  ring.PutUsed(2, 0);
  EXPECT_FALSE(ring.TakeCallDecision());
}

TEST_F(SplitRingTest, KicksAreAskedForByEventOrFlag) {
  SplitRing with_event = driver_.Ring();
  driver_.Offer(2);
  ASSERT_EQ(Take(with_event), Taken::kChain);
  with_event.EnableKicks();
  EXPECT_EQ(driver_.AvailableEvent(), 1);

  SplitRing with_flag = driver_.Ring(false);
  with_flag.DisableKicks();
  EXPECT_EQ(driver_.Read<uint16_t>(TestDriver::kUsed), abi::VRING_USED_F_NO_NOTIFY);
  with_flag.EnableKicks();
  EXPECT_EQ(driver_.Read<uint16_t>(TestDriver::kUsed), 0);
}

TEST_F(SplitRingTest, ARingOutsideOfMemoryIsNotMapped) {
  RingLayout layout = TestDriver::Layout();
  layout.used = memory::FrontendVirtAddr{TwoRegions::kFrontendBase + TwoRegions::kRegionSize - 8};
  EXPECT_FALSE(SplitRing::Map(layout, guest_.memory, 0).has_value());
  layout = TestDriver::Layout();
  layout.descriptors = memory::FrontendVirtAddr{TwoRegions::kFrontendBase + 8};
  EXPECT_FALSE(SplitRing::Map(layout, guest_.memory, 0).has_value());
}

}  // namespace
}  // namespace vfsd::vring
