// SPDX-License-Identifier: Apache-2.0
#include "engine/back_off.h"

#include "gtest/gtest.h"

namespace vfsd::engine {
namespace {

constexpr uint32_t kLongest = 4096;

uint32_t Held(BackOff& back_off) {
  uint32_t times = 0;
  while (back_off.Holds()) {
    ++times;
  }
  return times;
}

TEST(BackOffTest, NothingIsHeldBeforeAFailure) {
  BackOff back_off(kLongest);
  EXPECT_FALSE(back_off.Holds());
}

TEST(BackOffTest, EachFailureHoldsForTwiceAsLongUpToABound) {
  BackOff back_off(kLongest);
  for (uint32_t times = BackOff::kFirst; times <= kLongest; times *= 2) {
    back_off.Failed();
    EXPECT_EQ(Held(back_off), times);
  }
  back_off.Failed();
  EXPECT_EQ(Held(back_off), kLongest);
}

TEST(BackOffTest, ALargeLossHoldsForLonger) {
  BackOff back_off(kLongest);
  back_off.Failed(3000);
  EXPECT_EQ(Held(back_off), 3000u);
  back_off.Failed(UINT64_MAX);
  EXPECT_EQ(Held(back_off), kLongest);
}

TEST(BackOffTest, AFailureAfterForgivenessIsANewOne) {
  BackOff back_off(kLongest);
  back_off.Failed();
  back_off.Failed();
  EXPECT_GT(Held(back_off), BackOff::kFirst);
  back_off.Forgive();
  back_off.Failed();
  EXPECT_EQ(Held(back_off), BackOff::kFirst);
}

}  // namespace
}  // namespace vfsd::engine
