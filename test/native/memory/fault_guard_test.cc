// SPDX-License-Identifier: Apache-2.0
#include "memory/fault_guard.h"

#include <thread>

#include "../vring/test_driver.h"

namespace vfsd::memory {
namespace {

using testing::TestDriver;
using testing::TwoRegions;

class FaultGuardTest : public ::testing::Test {
 protected:
  FaultGuardTest() { EXPECT_TRUE(FaultGuard::Install().ok()); }
};

TEST_F(FaultGuardTest, MemoryThatIsTakenAwayReadsAsZerosAndIsNoted) {
  TwoRegions guest;
  *guest.At(TwoRegions::kGuestBase) = std::byte{7};
  EXPECT_FALSE(FaultGuard::Tripped());
  ASSERT_EQ(ftruncate(guest.file(), 0), 0);
  std::byte byte{1};
  EXPECT_TRUE(guest.memory.Read(GuestPhysAddr{TwoRegions::kGuestBase}, &byte, 1));
  EXPECT_EQ(byte, std::byte{0});
  EXPECT_TRUE(FaultGuard::Tripped());
}

TEST_F(FaultGuardTest, WritingThereIsHarmless) {
  TwoRegions guest;
  ASSERT_EQ(ftruncate(guest.file(), 0), 0);
  *guest.At(TwoRegions::kSeam + 100) = std::byte{7};
  EXPECT_TRUE(FaultGuard::Tripped());
}

TEST_F(FaultGuardTest, ANewTableForgetsTheLoss) {
  TwoRegions lost;
  ASSERT_EQ(ftruncate(lost.file(), 0), 0);
  *lost.At(TwoRegions::kGuestBase) = std::byte{7};
  ASSERT_TRUE(FaultGuard::Tripped());
  const TwoRegions fresh;
  EXPECT_FALSE(FaultGuard::Tripped());
}

}  // namespace
}  // namespace vfsd::memory
