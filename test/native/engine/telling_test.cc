// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <future>

#include "one_ring_test.h"

namespace vfsd::engine {
namespace {

/** Something that a request waits for. */
class Gate {
 public:
  void Open() { open_.set_value(); }
  bool Passed() const { return passed_.load(); }
  void Pass() {
    reached_.set_value();
    EXPECT_EQ(opened_.wait_for(kLong), std::future_status::ready);
    passed_ = true;
  }
  bool AwaitReached() { return at_.wait_for(kLong) == std::future_status::ready; }

 private:
  std::promise<void> open_;
  std::promise<void> reached_;
  std::future<void> opened_ = open_.get_future();
  std::future<void> at_ = reached_.get_future();
  std::atomic<bool> passed_ = false;
};

class GatedFileSystem final : public fuse::FileSystem {
 public:
  Gate gates[2];

  /** Says that it sleeps. */
  Status Fsync(fuse::RequestContext& context, fuse::NodeId, fuse::FileHandle, bool) override {
    context.sleep.AboutToSleep();
    gates[asleep_++].Pass();
    return {};
  }
  /** Does not say so. */
  Result<abi::fuse_kstatfs> StatFs(fuse::RequestContext&, fuse::NodeId) override {
    gates[0].Pass();
    return abi::fuse_kstatfs{};
  }
  Status Read(fuse::RequestContext&, fuse::NodeId, const abi::fuse_read_in&,
              memory::SegmentCursor& to) override {
    to.Skip(to.remaining());
    return {};
  }
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override {
    return abi::fuse_attr_out{};
  }

 private:
  std::atomic<size_t> asleep_ = 0;
};

/** When the driver is told of its answers: by its eventfd alone, not by a look at the ring. */
class TellingTest : public OneRingTest {
 protected:
  void Begin(uint16_t followers) {
    OneRingTest::Begin(file_system_, {.followers = followers});
    // One for the new descriptor, and one for INIT.
    AwaitCalls(2);
  }

  void AwaitCalls(uint64_t count) {
    for (uint64_t calls = 0; calls < count;) {
      pollfd call = {call_.get(), POLLIN, 0};
      ASSERT_EQ(poll(&call, 1, 10'000), 1) << calls << " of " << count;
      uint64_t more = 0;
      ASSERT_EQ(read(call_.get(), &more, sizeof more), 8);
      calls += more;
    }
  }
  bool CalledWithin(std::chrono::milliseconds time) {
    pollfd call = {call_.get(), POLLIN, 0};
    return poll(&call, 1, static_cast<int>(time.count())) == 1;
  }

  /** Both are in the ring before the device looks. */
  void OfferTogether(uint16_t first, uint16_t second) {
    driver_.SetUsedEvent(driver_.UsedIndex());
    driver_.Offer(static_cast<uint16_t>(2 * first));
    driver_.Offer(static_cast<uint16_t>(2 * second));
    ASSERT_TRUE(SignalEventfd(kick_.get()).ok());
  }

  /** A READ whose answer is of `size` bytes. */
  void DescribeRead(uint16_t slot, uint32_t size) {
    Describe(slot, abi::FUSE_READ, abi::fuse_read_in{.size = size});
    driver_.Describe(
        static_cast<uint16_t>(2 * slot + 1),
        {TwoRegions::kGuestBase + 0x40000,
         static_cast<uint32_t>(sizeof(abi::fuse_out_header)) + size, abi::VRING_DESC_F_WRITE, 0});
  }

  GatedFileSystem file_system_;
};

class TellingWithFollowersTest : public TellingTest,
                                 public ::testing::WithParamInterface<uint16_t> {};

TEST_P(TellingWithFollowersTest, WhatIsReadyIsToldBeforeARequestSleeps) {
  Begin(GetParam());
  Describe(1, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  Describe(2, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  OfferTogether(1, 2);
  AwaitCalls(1);
  EXPECT_FALSE(file_system_.gates[0].Passed());
  file_system_.gates[0].Open();
  ASSERT_TRUE(AwaitUsed(3));
  Stop();
}

INSTANTIATE_TEST_SUITE_P(Followers, TellingWithFollowersTest, ::testing::Values(0, 1));

TEST_F(TellingTest, AnAnswerFromOutsideOfTheLeadIsTold) {
  Begin(1);
  Send(1, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  ASSERT_TRUE(file_system_.gates[0].AwaitReached());
  file_system_.gates[0].Open();
  AwaitCalls(1);
  EXPECT_EQ(driver_.UsedIndex(), 2);
  Stop();
}

struct AnswerOfSize {
  uint32_t bytes;
  bool is_told_at_once;
};

class TellingOfSizeTest : public TellingTest, public ::testing::WithParamInterface<AnswerOfSize> {};

TEST_P(TellingOfSizeTest, ALargeAnswerIsToldAtOnceAndASmallOneWithTheNext) {
  Begin(0);
  DescribeRead(1, GetParam().bytes);
  Describe(2, abi::FUSE_STATFS, abi::fuse_getattr_in{});
  OfferTogether(1, 2);
  ASSERT_TRUE(file_system_.gates[0].AwaitReached());
  // No other call can come before the gate is open.
  const bool is_told = GetParam().is_told_at_once;
  EXPECT_EQ(CalledWithin(is_told ? std::chrono::milliseconds(kLong) : 20ms), is_told);
  file_system_.gates[0].Open();
  ASSERT_TRUE(AwaitUsed(3));
  EXPECT_TRUE(CalledWithin(kLong));
  Stop();
}

INSTANTIATE_TEST_SUITE_P(Sizes, TellingOfSizeTest,
                         ::testing::Values(AnswerOfSize{512 << 10, true},
                                           AnswerOfSize{4096, false}));

TEST_F(TellingTest, ANewCallDescriptorIsCalledForWhatTheLastOneWasNot) {
  Begin(0);
  device_->SetCall(1, UniqueFd());
  Send(1, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  ASSERT_TRUE(AwaitUsed(2));
  EXPECT_FALSE(CalledWithin(20ms));
  device_->SetCall(1, UniqueFd(dup(call_.get())));
  EXPECT_TRUE(CalledWithin(kLong));
  Stop();
}

TEST_F(TellingTest, ADriverThatMayHaveMissedACallGetsOneWhenItsRingStarts) {
  Begin(0);
  Stop();
  StartRing(1);
  AwaitCalls(1);
  Stop();
}

TEST_F(TellingTest, ASleeperWithoutASuccessorGetsTheNextThreadThatIsFree) {
  Begin(1);
  Send(1, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  ASSERT_TRUE(file_system_.gates[0].AwaitReached());
  Send(2, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  ASSERT_TRUE(file_system_.gates[1].AwaitReached());
  Send(3, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  file_system_.gates[0].Open();
  EXPECT_TRUE(AwaitUsed(3)) << "the first sleeper, and what is behind the second";
  EXPECT_FALSE(file_system_.gates[1].Passed());
  file_system_.gates[1].Open();
  EXPECT_TRUE(AwaitUsed(4));
  Send(1, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  EXPECT_TRUE(AwaitUsed(5)) << "whoever leads now";
  Stop();
}

TEST_F(TellingTest, ASleeperWithoutASuccessorGoesOnLeading) {
  Begin(0);
  Send(1, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  ASSERT_TRUE(file_system_.gates[0].AwaitReached());
  Send(2, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  file_system_.gates[0].Open();
  EXPECT_TRUE(AwaitUsed(3));
  Stop();
}

}  // namespace
}  // namespace vfsd::engine
