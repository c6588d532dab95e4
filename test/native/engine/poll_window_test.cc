// SPDX-License-Identifier: Apache-2.0
#include "engine/poll_window.h"

#include "gtest/gtest.h"

namespace vfsd::engine {
namespace {

constexpr uint32_t kLimit = 50'000;
constexpr uint64_t kPause = 1'000'000'000;

/** How many times in a row the leader sleeps without a look at the clock. */
uint32_t SleepsWithoutMeasuring(PollWindow& window) {
  uint32_t sleeps = 0;
  while (!window.Measures()) {
    ++sleeps;
  }
  return sleeps;
}

TEST(PollWindowTest, NobodyLooksBeforeRequestsHaveComeClosely) {
  PollWindow window(kLimit);
  EXPECT_TRUE(window.Measures());
  EXPECT_EQ(window.length(), 0u);
  window.Came(kPause);
  EXPECT_EQ(window.length(), 0u);
}

TEST(PollWindowTest, TheWindowIsTwiceTheGapThatWasSeen) {
  PollWindow window(kLimit);
  window.Came(7'000);
  EXPECT_EQ(window.length(), 14'000u);
  window.Came(3'000);
  EXPECT_EQ(window.length(), 14'000u);
  window.Came(10'000);
  EXPECT_EQ(window.length(), 20'000u);
}

TEST(PollWindowTest, TheLimitBoundsTheWindow) {
  PollWindow window(kLimit);
  window.Came(kLimit);
  EXPECT_EQ(window.length(), kLimit);
  PollWindow none(0);
  none.Came(0);
  EXPECT_FALSE(none.Measures());
  EXPECT_EQ(none.length(), 0u);
}

TEST(PollWindowTest, OnePauseHalvesTheWindowAndARestEndsIt) {
  PollWindow window(kLimit);
  window.Came(kLimit);
  window.Came(kPause);
  EXPECT_EQ(window.length(), kLimit / 2);
  for (int i = 0; i < 6; ++i) {
    window.Came(kPause);
  }
  EXPECT_EQ(window.length(), 0u);
}

TEST(PollWindowTest, WhoeverNeedsTheCpuEndsTheLooking) {
  PollWindow window(kLimit);
  window.Came(1'000);
  window.Disturbed(0);
  EXPECT_EQ(window.length(), 0u);
  EXPECT_FALSE(window.Measures());
}

TEST(PollWindowTest, DisturbancesInARowEndItForTwiceAsLongEachTime) {
  PollWindow window(kLimit);
  window.Disturbed(0);
  const uint32_t first = SleepsWithoutMeasuring(window);
  window.Disturbed(0);
  EXPECT_EQ(SleepsWithoutMeasuring(window), 2 * first);
}

TEST(PollWindowTest, TimeLostIsPaidForInSleeps) {
  PollWindow window(kLimit);
  window.Disturbed(3'000'000);
  EXPECT_EQ(SleepsWithoutMeasuring(window), 3000u);
}

TEST(PollWindowTest, ADisturbanceAfterMuchThatPaidIsTakenForANewOne) {
  PollWindow window(kLimit);
  for (int i = 0; i < 6; ++i) {
    window.Disturbed(0);
  }
  static_cast<void>(SleepsWithoutMeasuring(window));
  for (int i = 0; i < 16; ++i) {
    window.Paid();
  }
  window.Disturbed(0);
  EXPECT_EQ(SleepsWithoutMeasuring(window), 4u);
}

}  // namespace
}  // namespace vfsd::engine
