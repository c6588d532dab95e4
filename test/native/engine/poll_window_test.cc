// SPDX-License-Identifier: Apache-2.0
#include "engine/poll_window.h"

#include "gtest/gtest.h"

namespace vfsd::engine {
namespace {

constexpr uint32_t kLimit = 50'000;
constexpr uint64_t kPause = 1'000'000'000;
constexpr int kSleeps = 4;
constexpr int kTrial = 16;

void Sleep(PollWindow& window, uint64_t gap, int times = kSleeps) {
  for (int i = 0; i < times; ++i) {
    window.Slept(gap);
  }
}

void Find(PollWindow& window, uint64_t gap, int times = kTrial) {
  for (int i = 0; i < times; ++i) {
    window.Found(gap);
  }
}

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
  Sleep(window, kPause, 100);
  EXPECT_EQ(window.length(), 0u);
  Sleep(window, 3'000, kSleeps - 1);
  EXPECT_EQ(window.length(), 0u);
  window.Slept(3'000);
  EXPECT_GT(window.length(), 0u);
}

TEST(PollWindowTest, TheWindowIsTwiceTheGapThatWasSeen) {
  PollWindow window(kLimit);
  Sleep(window, 7'000);
  EXPECT_EQ(window.length(), 14'000u);
  window.Slept(3'000);
  EXPECT_EQ(window.length(), 14'000u);
  window.Slept(10'000);
  EXPECT_EQ(window.length(), 20'000u);
}

TEST(PollWindowTest, TheLimitBoundsTheWindow) {
  PollWindow window(kLimit);
  Sleep(window, kLimit);
  EXPECT_EQ(window.length(), kLimit);
  PollWindow none(0);
  Sleep(none, 0);
  EXPECT_FALSE(none.Measures());
  EXPECT_EQ(none.length(), 0u);
}

TEST(PollWindowTest, OnePauseHalvesTheWindowAndARestEndsIt) {
  PollWindow window(kLimit);
  Sleep(window, kLimit);
  window.Slept(kPause);
  EXPECT_EQ(window.length(), kLimit / 2);
  Sleep(window, kPause, 6);
  EXPECT_EQ(window.length(), 0u);
}

TEST(PollWindowTest, LookingThatShortensTheGapGoesOn) {
  PollWindow window(kLimit);
  Sleep(window, 6'000);
  Find(window, 3'000, 10 * kTrial);
  EXPECT_GT(window.length(), 0u);
  EXPECT_TRUE(window.Measures());
}

TEST(PollWindowTest, LookingThatIsHardlyFasterThanSleepingEnds) {
  for (const uint64_t looked : {2'100, 3'000, 4'000}) {
    PollWindow window(kLimit);
    Sleep(window, 3'000);
    Find(window, looked);
    EXPECT_EQ(window.length(), 0u) << looked;
    EXPECT_FALSE(window.Measures()) << looked;
  }
}

TEST(PollWindowTest, NowAndThenTheLeaderSleepsForComparison) {
  PollWindow window(kLimit);
  Sleep(window, 6'000);
  int found = 0;
  for (; window.length() > 0 && found < 10'000; ++found) {
    window.Found(3'000);
  }
  EXPECT_EQ(found, 64 * kTrial);
  EXPECT_TRUE(window.Measures()) << "without a punishment";
  Sleep(window, 2'000);
  Find(window, 3'000);
  EXPECT_EQ(window.length(), 0u) << "by now sleeping is faster";
}

TEST(PollWindowTest, WhoeverNeedsTheCpuEndsTheLooking) {
  PollWindow window(kLimit);
  Sleep(window, 1'000);
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

TEST(PollWindowTest, ADisturbanceAfterATrialThatPaidIsTakenForANewOne) {
  PollWindow window(kLimit);
  for (int i = 0; i < 6; ++i) {
    window.Disturbed(0);
  }
  static_cast<void>(SleepsWithoutMeasuring(window));
  Sleep(window, 6'000);
  Find(window, 3'000);
  window.Disturbed(0);
  EXPECT_EQ(SleepsWithoutMeasuring(window), 4u);
}

}  // namespace
}  // namespace vfsd::engine
