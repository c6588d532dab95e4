// SPDX-License-Identifier: Apache-2.0
#include "sys/tick_clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace vfsd::sys {
namespace {

TEST(TickClockTest, MeasuresWhatTheUsualClockMeasures) {
  const TickClock clock = TickClock::OfThisMachine();
  const auto usual_begin = std::chrono::steady_clock::now();
  const uint64_t begin = clock.Now();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const uint64_t end = clock.Now();
  const auto usual = std::chrono::steady_clock::now() - usual_begin;
  const auto usual_ns = static_cast<double>(std::chrono::nanoseconds(usual).count());
  EXPECT_GE(clock.Between(begin, end), 49'000'000u);
  EXPECT_LE(static_cast<double>(clock.Between(begin, end)), usual_ns * 1.05);
}

TEST(TickClockTest, NothingIsShorterThanZero) {
  const TickClock clock = TickClock::OfThisMachine();
  EXPECT_EQ(clock.Between(1000, 999), 0u);
}

}  // namespace
}  // namespace vfsd::sys
