// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/lock_ranges.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <fstream>
#include <random>
#include <string>

#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace vfsd::fs::passthrough {
namespace {

HostLock Range(int type, off_t start, off_t length) {
  return {.kind = HostLock::Kind::kRange,
          .type = static_cast<int16_t>(type),
          .start = start,
          .length = length};
}

/** How many ranges the kernel keeps for a description. */
int64_t InKernel(int fd) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
  int64_t locks = 0;
  for (std::string line; std::getline(info, line);) {
    locks += line.starts_with("lock:") ? 1 : 0;
  }
  return locks;
}

class LockRangesTest : public testing::Test {
 protected:
  const UniqueFd file_{memfd_create("locked", MFD_CLOEXEC)};
  const int fd_ = file_.get();
};

TEST_F(LockRangesTest, TheyAreCountedAsTheKernelKeepsThem) {
  LockRangeBudget budget;
  LockRanges ranges(budget);
  std::mt19937 random(20261130);
  const int types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
  for (int turn = 0; turn < 2000; ++turn) {
    const auto start = static_cast<off_t>(random() % 40);
    const auto length = static_cast<off_t>(random() % 8);
    ASSERT_TRUE(ranges.Set(Range(types[random() % 3], start, length), fd_));
    ASSERT_EQ(ranges.count(), InKernel(fd_)) << "after turn " << turn;
  }
}

TEST_F(LockRangesTest, NoMoreCanBeHadThanTheBudgetAllows) {
  LockRangeBudget budget(3);
  LockRanges ranges(budget);
  for (off_t start = 0; start < 6; start += 2) {
    EXPECT_TRUE(ranges.Set(Range(F_WRLCK, start, 1), fd_));
  }
  EXPECT_EQ(ranges.Set(Range(F_WRLCK, 100, 1), fd_).error(), Errno(ENOLCK));
  EXPECT_EQ(InKernel(fd_), 3);
  EXPECT_TRUE(ranges.Set(Range(F_WRLCK, 1, 1), fd_)) << "what joins two needs no more";
  EXPECT_TRUE(ranges.Set(Range(F_WRLCK, 100, 1), fd_)) << "and leaves room for another";
}

TEST_F(LockRangesTest, UnlockingTheMiddleOfOneTakesRoomForAnother) {
  LockRangeBudget budget(1);
  LockRanges ranges(budget);
  EXPECT_TRUE(ranges.Set(Range(F_WRLCK, 0, 10), fd_));
  EXPECT_EQ(ranges.Set(Range(F_UNLCK, 5, 1), fd_).error(), Errno(ENOLCK));
  EXPECT_TRUE(ranges.Set(Range(F_UNLCK, 0, 0), fd_));
  EXPECT_EQ(InKernel(fd_), 0);
}

TEST_F(LockRangesTest, ALockThatIsNotHadCostsNothing) {
  LockRangeBudget budget(2);
  LockRanges ranges(budget);
  const UniqueFd other(open(("/proc/self/fd/" + std::to_string(fd_)).c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(Range(F_WRLCK, 0, 1).Try(other.get()));
  for (int turn = 0; turn < 10; ++turn) {
    EXPECT_EQ(ranges.Set(Range(F_WRLCK, 0, 1), fd_).error(), Errno(EAGAIN));
  }
  EXPECT_TRUE(ranges.Set(Range(F_WRLCK, 2, 1), fd_));
  EXPECT_TRUE(ranges.Set(Range(F_WRLCK, 4, 1), fd_));
}

TEST_F(LockRangesTest, WhatWasWaitedForIsCountedToo) {
  LockRangeBudget budget(2);
  LockRanges ranges(budget);
  EXPECT_TRUE(ranges.Wait(Range(F_WRLCK, 0, 1), fd_));
  EXPECT_EQ(ranges.count(), 1);
  EXPECT_EQ(ranges.Wait(Range(F_WRLCK, 2, 1), fd_).error(), Errno(ENOLCK))
      << "two must be free, for the worst case";
}

TEST_F(LockRangesTest, AnOwnerThatIsGoneGivesAllBack) {
  LockRangeBudget budget(1);
  { EXPECT_TRUE(LockRanges(budget).Set(Range(F_WRLCK, 0, 1), fd_)); }
  EXPECT_TRUE(LockRanges(budget).Set(Range(F_WRLCK, 4, 1), fd_));
}

}  // namespace
}  // namespace vfsd::fs::passthrough
