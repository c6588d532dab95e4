// SPDX-License-Identifier: Apache-2.0
#include "sys/tick_clock.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace vfsd::sys {
namespace {

#if defined(__x86_64__)
/** The counter runs at one speed whatever the CPU does: "invariant TSC" of CPUID. */
bool CounterIsEven() {
  constexpr unsigned kPowerManagement = 0x8000'0007;
  constexpr unsigned kInvariantTsc = 1u << 8;
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(kPowerManagement, &a, &b, &c, &d) != 0 && (d & kInvariantTsc) != 0;
}
#endif

}  // namespace

TickClock TickClock::Measure() {
  TickClock clock;
#if defined(__x86_64__)
  using Clock = std::chrono::steady_clock;
  // Long beside what the two looks differ by.
  constexpr auto kSpan = std::chrono::milliseconds(2);
  if (!CounterIsEven()) {
    return clock;
  }
  const Clock::time_point begin = Clock::now();
  const uint64_t first = __rdtsc();
  Clock::time_point now = begin;
  while (now - begin < kSpan) {
    now = Clock::now();
  }
  const uint64_t ticks = __rdtsc() - first;
  if (ticks == 0) {
    return clock;
  }
  clock.counter_is_even_ = true;
  clock.nanoseconds_per_tick_ = static_cast<double>(std::chrono::nanoseconds(now - begin).count()) /
                                static_cast<double>(ticks);
#endif
  return clock;
}

TickClock TickClock::OfThisMachine() {
  static const TickClock clock = Measure();
  return clock;
}

}  // namespace vfsd::sys
