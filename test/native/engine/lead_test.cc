// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <semaphore>

#include "one_ring_test.h"

namespace vfsd::engine {
namespace {

/** FSYNC sleeps until it is released; GETATTR answers at once. */
class SleepyFileSystem final : public fuse::FileSystem {
 public:
  std::counting_semaphore<> sleeping{0};
  std::counting_semaphore<> release{0};

  Status Fsync(fuse::RequestContext& context, fuse::NodeId, fuse::FileHandle, bool) override {
    context.sleep.AboutToSleep();
    sleeping.release();
    release.acquire();
    return {};
  }
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override {
    return abi::fuse_attr_out{};
  }
};

class LeadTest : public OneRingTest {
 protected:
  void Begin(uint16_t followers) { OneRingTest::Begin(file_system_, {.followers = followers}); }

  SleepyFileSystem file_system_;
};

TEST_F(LeadTest, ARequestThatSleepsDoesNotHoldUpTheNextOnes) {
  Begin(1);
  Send(1, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  ASSERT_TRUE(file_system_.sleeping.try_acquire_for(kLong));
  Send(2, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  EXPECT_TRUE(AwaitUsed(2));
  EXPECT_EQ(driver_.UsedElement(1).id, 4u);
  file_system_.release.release();
  EXPECT_TRUE(AwaitUsed(3));
  EXPECT_EQ(driver_.UsedElement(2).id, 2u);
  Stop();
}

TEST_F(LeadTest, WithoutFollowersRequestsAreServedInTheirOrder) {
  Begin(0);
  Send(1, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  ASSERT_TRUE(file_system_.sleeping.try_acquire_for(kLong));
  Send(2, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  file_system_.release.release();
  EXPECT_TRUE(AwaitUsed(3));
  EXPECT_EQ(driver_.UsedElement(1).id, 2u);
  EXPECT_EQ(driver_.UsedElement(2).id, 4u);
  Stop();
}

TEST_F(LeadTest, AStopWaitsForRequestsOutsideOfTheLead) {
  Begin(1);
  Send(1, abi::FUSE_FSYNC, abi::fuse_fsync_in{});
  ASSERT_TRUE(file_system_.sleeping.try_acquire_for(kLong));
  ASSERT_TRUE(device_->StopRing(1));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(events_.stops(), 0);
  EXPECT_NE(device_->SetMemory({}).reason, nullptr);
  file_system_.release.release();
  EXPECT_EQ(events_.AwaitStopped(), 2);
  EXPECT_EQ(driver_.UsedIndex(), 2);
}

TEST_F(LeadTest, AStoppedRingGoesOnAtItsBase) {
  Begin(1);
  for (uint16_t round = 1; round <= 20; ++round) {
    Stop();
    StartRing(round);
    Send(static_cast<uint16_t>(round % 4), abi::FUSE_GETATTR, abi::fuse_getattr_in{});
    ASSERT_TRUE(AwaitUsed(static_cast<uint16_t>(round + 1)));
  }
  Stop();
}

TEST_F(LeadTest, ABrokenRingIsReportedAndCanBeStoppedAndStartedAgain) {
  Begin(1);
  driver_.SetAvailableIndex(1000);
  ASSERT_TRUE(SignalEventfd(kick_.get()).ok());
  EXPECT_EQ(events_.AwaitBroken(), "the available index jumped by more than the ring's size");
  Stop();
  driver_.SetAvailableIndex(1);
  StartRing(1);
  Send(1, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  EXPECT_TRUE(AwaitUsed(2));
  Stop();
}

TEST_F(LeadTest, TheDriverIsCalled) {
  Begin(0);
  pollfd call = {call_.get(), POLLIN, 0};
  EXPECT_EQ(poll(&call, 1, 10'000), 1);
  Stop();
}

TEST_F(LeadTest, ARingThatCannotBeIsRefused) {
  Begin(0);
  Stop();
  const auto start = [this](auto change) {
    RingSetup setup{.index = 1, .available_base = 0, .layout = TestDriver::Layout()};
    setup.kick.Reset(dup(kick_.get()));
    change(setup);
    return device_->StartRing(std::move(setup)).reason;
  };
  EXPECT_NE(start([](RingSetup& s) { s.index = 9; }), nullptr);
  for (const uint16_t size : std::initializer_list<uint16_t>{0, 3, 2048}) {
    EXPECT_NE(start([&](RingSetup& s) { s.layout.size = size; }), nullptr);
  }
  EXPECT_NE(start([](RingSetup& s) { s.layout.used = memory::FrontendVirtAddr{1}; }), nullptr);
  EXPECT_NE(start([](RingSetup& s) { s.kick.Reset(); }), nullptr);
}

}  // namespace
}  // namespace vfsd::engine
