// SPDX-License-Identifier: Apache-2.0
#include "vring/descriptor_chain.h"

#include "test_driver.h"

namespace vfsd::vring {
namespace {

using abi::VRING_DESC_F_INDIRECT;
using abi::VRING_DESC_F_NEXT;
using abi::VRING_DESC_F_WRITE;
using testing::TestDriver;
using testing::TwoRegions;

constexpr uint64_t kBuffer = TwoRegions::kGuestBase + 0x8000;
constexpr uint64_t kTable = TwoRegions::kGuestBase + 0x4000;

class DescriptorChainTest : public ::testing::Test {
 protected:
  RingError Walk(uint16_t head, bool indirect_allowed = true) {
    const auto* descriptors =
        reinterpret_cast<const abi::vring_desc*>(guest_.At(TestDriver::kDescriptors));
    return WalkChain({descriptors, TestDriver::kSize, indirect_allowed}, guest_.memory, head,
                     chain_);
  }

  /** Writes an indirect table at `address` and refers to it from descriptor 0. */
  void Indirect(const std::vector<abi::vring_desc>& entries, uint64_t address = kTable) {
    const auto length = static_cast<uint32_t>(entries.size() * sizeof entries[0]);
    guest_.Write(address, entries.data(), length);
    driver_.Describe(0, {address, length, VRING_DESC_F_INDIRECT, 0});
  }

  TwoRegions guest_;
  TestDriver driver_{guest_};
  DescriptorChain chain_;
};

TEST_F(DescriptorChainTest, DirectDescriptorsBecomeReadableAndWritableParts) {
  driver_.Describe(3, {kBuffer, 40, VRING_DESC_F_NEXT, 5});
  driver_.Describe(5, {kBuffer + 100, 16, VRING_DESC_F_WRITE, 0});
  ASSERT_EQ(Walk(3), RingError::kNone);
  EXPECT_EQ(chain_.head, 3);
  EXPECT_EQ(chain_.readable.bytes(), 40u);
  EXPECT_EQ(chain_.writable.bytes(), 16u);
}

TEST_F(DescriptorChainTest, AnIndirectTableHoldsTheChain) {
  Indirect({{kBuffer, 40, VRING_DESC_F_NEXT, 2}, {}, {kBuffer + 64, 16, VRING_DESC_F_WRITE, 0}});
  ASSERT_EQ(Walk(0), RingError::kNone);
  EXPECT_EQ(chain_.readable.bytes(), 40u);
  EXPECT_EQ(chain_.writable.bytes(), 16u);
}

TEST_F(DescriptorChainTest, DirectDescriptorsMayComeBeforeAnIndirectOne) {
  Indirect({{kBuffer + 64, 16, VRING_DESC_F_WRITE, 0}});
  driver_.Describe(1, {kBuffer, 40, VRING_DESC_F_NEXT, 0});
  ASSERT_EQ(Walk(1), RingError::kNone);
  EXPECT_EQ(chain_.readable.bytes(), 40u);
  EXPECT_EQ(chain_.writable.bytes(), 16u);
}

TEST_F(DescriptorChainTest, ABufferMayStraddleRegions) {
  driver_.Describe(0, {TwoRegions::kSeam - 10, 30, VRING_DESC_F_WRITE, 0});
  ASSERT_EQ(Walk(0), RingError::kNone);
  EXPECT_EQ(chain_.writable.segments().size(), 2u);
  EXPECT_EQ(chain_.writable.bytes(), 30u);
}

TEST_F(DescriptorChainTest, AnIndirectTableMayStraddleRegions) {
  // The seam goes through the middle of an entry (CVE-2026-6425).
  Indirect({{kBuffer, 8, VRING_DESC_F_NEXT, 1},
            {kBuffer + 64, 8, VRING_DESC_F_NEXT, 2},
            {kBuffer + 128, 8, VRING_DESC_F_WRITE, 0}},
           TwoRegions::kSeam - 24);
  ASSERT_EQ(Walk(0), RingError::kNone);
  EXPECT_EQ(chain_.readable.bytes(), 16u);
  EXPECT_EQ(chain_.writable.bytes(), 8u);
}

TEST_F(DescriptorChainTest, AZeroLengthDescriptorIsNothing) {
  driver_.Describe(0, {0, 0, VRING_DESC_F_NEXT, 1});
  driver_.Describe(1, {kBuffer, 8, 0, 0});
  ASSERT_EQ(Walk(0), RingError::kNone);
  EXPECT_EQ(chain_.readable.bytes(), 8u);
}

TEST_F(DescriptorChainTest, ALoopEnds) {
  driver_.Describe(0, {kBuffer, 8, VRING_DESC_F_NEXT, 1});
  driver_.Describe(1, {kBuffer, 8, VRING_DESC_F_NEXT, 0});
  EXPECT_EQ(Walk(0), RingError::kChainTooLong);
}

TEST_F(DescriptorChainTest, ALoopInAnIndirectTableEnds) {
  Indirect({{kBuffer, 8, VRING_DESC_F_NEXT, 1}, {kBuffer, 8, VRING_DESC_F_NEXT, 0}});
  EXPECT_EQ(Walk(0), RingError::kChainTooLong);
}

TEST_F(DescriptorChainTest, IndexesOutsideOfTheirTableAreRefused) {
  EXPECT_EQ(Walk(TestDriver::kSize), RingError::kHeadOutOfRange);
  driver_.Describe(0, {kBuffer, 8, VRING_DESC_F_NEXT, TestDriver::kSize});
  EXPECT_EQ(Walk(0), RingError::kNextOutOfRange);
  Indirect({{kBuffer, 8, VRING_DESC_F_NEXT, 1}});
  EXPECT_EQ(Walk(0), RingError::kNextOutOfRange);
}

TEST_F(DescriptorChainTest, IndirectTablesKeepTheirRules) {
  Indirect({{kTable, 16, VRING_DESC_F_INDIRECT, 0}});
  EXPECT_EQ(Walk(0), RingError::kIndirectNested);
  EXPECT_EQ(Walk(0, false), RingError::kIndirectNotNegotiated);
  driver_.Describe(0, {kTable, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1});
  EXPECT_EQ(Walk(0), RingError::kIndirectWithNext);
  for (const uint32_t length : {0u, 8u, 17u}) {
    driver_.Describe(0, {kTable, length, VRING_DESC_F_INDIRECT, 0});
    EXPECT_EQ(Walk(0), RingError::kIndirectLength) << length;
  }
  driver_.Describe(0, {kTable, 16 * 1025, VRING_DESC_F_INDIRECT, 0});
  EXPECT_EQ(Walk(0), RingError::kChainTooLong);
  driver_.Describe(
      0, {TwoRegions::kSeam + TwoRegions::kRegionSize - 16, 32, VRING_DESC_F_INDIRECT, 0});
  guest_.Write(TwoRegions::kSeam + TwoRegions::kRegionSize - 16,
               std::vector<abi::vring_desc>{{kBuffer, 8, VRING_DESC_F_NEXT, 1}}.data(), 16);
  EXPECT_EQ(Walk(0), RingError::kTableOutsideMemory);
}

TEST_F(DescriptorChainTest, BuffersOutsideOfMemoryAreRefused) {
  driver_.Describe(0, {TwoRegions::kSeam + TwoRegions::kRegionSize - 4, 8, 0, 0});
  EXPECT_EQ(Walk(0), RingError::kBufferOutsideMemory);
  driver_.Describe(0, {UINT64_MAX - 3, 8, 0, 0});
  EXPECT_EQ(Walk(0), RingError::kBufferOutsideMemory);
}

TEST_F(DescriptorChainTest, AReadableBufferBehindAWritableOneIsRefused) {
  driver_.Describe(0, {kBuffer, 8, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1});
  driver_.Describe(1, {kBuffer + 64, 8, 0, 0});
  EXPECT_EQ(Walk(0), RingError::kReadableAfterWritable);
}

}  // namespace
}  // namespace vfsd::vring
