// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <random>
#include <semaphore>

#include "fuse/deferral.h"
#include "one_ring_test.h"

namespace vfsd::engine {
namespace {

/** SETLKW is answered when the test wants it, or when its ring stops; GETATTR at once. */
class WaitingFileSystem final : public fuse::FileSystem {
 public:
  enum class Way : uint8_t {
    kAtOnce,
    kAfterHandOver,
    kAfterPermission,
    kAnsweredInPlace,
    kDropped
  };
  std::atomic<Way> way = Way::kAtOnce;
  std::counting_semaphore<> reached{0};
  std::counting_semaphore<> permitted{0};

  Status SetLk(fuse::RequestContext& context, fuse::NodeId, const abi::fuse_lk_in&,
               bool wait) override {
    EXPECT_TRUE(wait);
    const Way chosen = way;
    if (chosen == Way::kAfterHandOver) {
      context.sleep.AboutToSleep();
    } else if (chosen == Way::kAfterPermission) {
      reached.release();
      permitted.acquire();
    }
    std::unique_ptr<fuse::DeferredAnswer> answer = context.deferral->Defer();
    if (answer == nullptr) {
      return Errno(ENOLCK);
    }
    if (chosen == Way::kAnsweredInPlace) {
      answer->Give(Errno(EDEADLK));
    } else if (chosen != Way::kDropped) {
      Keep(std::move(answer));
    }
    // Goes nowhere.
    return Errno(EIO);
  }
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override {
    return abi::fuse_attr_out{};
  }
  void EndUnwantedWaits() override {
    const std::scoped_lock lock(lock_);
    std::erase_if(answers_, [](const auto& answer) { return answer->unwanted(); });
  }

  /** Gives the answer that waits longest. False: there is none. */
  bool Give(const Status& outcome) {
    std::unique_ptr<fuse::DeferredAnswer> answer;
    {
      const std::scoped_lock lock(lock_);
      if (answers_.empty()) {
        return false;
      }
      answer = std::move(answers_.front());
      answers_.pop_front();
    }
    answer->Give(outcome);
    return true;
  }
  bool AwaitWaiting(size_t count) {
    std::unique_lock lock(lock_);
    return changed_.wait_for(lock, kLong, [&] { return answers_.size() >= count; });
  }

 private:
  void Keep(std::unique_ptr<fuse::DeferredAnswer> answer) {
    const std::scoped_lock lock(lock_);
    if (!answer->unwanted()) {
      answers_.push_back(std::move(answer));
      changed_.notify_all();
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<fuse::DeferredAnswer>> answers_;
};

using Way = WaitingFileSystem::Way;

class DeferredReplyTest : public OneRingTest {
 protected:
  void Begin(uint16_t followers) { OneRingTest::Begin(file_system_, {.followers = followers}); }
  void SendWait(uint16_t slot) { Send(slot, abi::FUSE_SETLKW, abi::fuse_lk_in{}); }

  WaitingFileSystem file_system_;
};

TEST_F(DeferredReplyTest, WhatWaitsHoldsUpNothingThoughThereIsOneThread) {
  Begin(0);
  SendWait(1);
  SendWait(2);
  ASSERT_TRUE(file_system_.AwaitWaiting(2));
  Send(3, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  ASSERT_TRUE(AwaitUsed(2));
  EXPECT_EQ(driver_.UsedElement(1).id, 6u);
  EXPECT_TRUE(file_system_.Give({}));
  ASSERT_TRUE(AwaitUsed(3));
  EXPECT_EQ(driver_.UsedElement(2).id, 2u);
  EXPECT_EQ(driver_.UsedElement(2).len, sizeof(abi::fuse_out_header));
  EXPECT_EQ(ErrorOf(1), 0);
  EXPECT_TRUE(file_system_.Give(Errno(ENOLCK)));
  ASSERT_TRUE(AwaitUsed(4));
  EXPECT_EQ(ErrorOf(2), ENOLCK);
  Stop();
}

TEST_F(DeferredReplyTest, TheDriverIsCalledForIt) {
  Begin(0);
  SendWait(1);
  ASSERT_TRUE(file_system_.AwaitWaiting(1));
  uint64_t calls;
  ASSERT_EQ(read(call_.get(), &calls, sizeof calls), sizeof calls);
  EXPECT_TRUE(file_system_.Give({}));
  EXPECT_EQ(read(call_.get(), &calls, sizeof calls), sizeof calls);
  Stop();
}

TEST_F(DeferredReplyTest, WhatWaitsLeavesRoomForWhatItWaitsFor) {
  Begin(1);
  uint16_t used = 1;
  for (const Way way : {Way::kAtOnce, Way::kAfterHandOver}) {
    file_system_.way = way;
    SendWait(1);
    SendWait(2);
    ASSERT_TRUE(file_system_.AwaitWaiting(2));
    SendWait(3);
    ASSERT_TRUE(AwaitUsed(++used));
    EXPECT_EQ(ErrorOf(3), ENOLCK);
    EXPECT_TRUE(file_system_.Give({}));
    ASSERT_TRUE(AwaitUsed(++used));
    SendWait(3);
    ASSERT_TRUE(file_system_.AwaitWaiting(2));
    EXPECT_TRUE(file_system_.Give({}));
    EXPECT_TRUE(file_system_.Give({}));
    used = static_cast<uint16_t>(used + 2);
    ASSERT_TRUE(AwaitUsed(used));
    EXPECT_EQ(ErrorOf(3), 0);
  }
  Stop();
}

TEST_F(DeferredReplyTest, ARingWithoutIndirectDescriptorsHasRoomForFewer) {
  Begin(0);
  Stop();
  StartRing(driver_.UsedIndex(), false);
  SendWait(1);
  ASSERT_TRUE(AwaitUsed(2));
  EXPECT_EQ(ErrorOf(1), ENOLCK);
  Stop();
}

TEST_F(DeferredReplyTest, AStopEndsWhatWaitsAndIsCompleteBehindIt) {
  Begin(0);
  SendWait(1);
  SendWait(2);
  ASSERT_TRUE(file_system_.AwaitWaiting(2));
  ASSERT_TRUE(device_->StopRing(1));
  EXPECT_EQ(events_.AwaitStopped(), 3);
  EXPECT_EQ(driver_.UsedIndex(), 3);
  EXPECT_EQ(ErrorOf(1), EINTR);
  EXPECT_EQ(ErrorOf(2), EINTR);
  EXPECT_FALSE(file_system_.Give({}));
}

TEST_F(DeferredReplyTest, AWaitThatBeginsWhileItsRingStopsEndsAtOnce) {
  Begin(0);
  file_system_.way = Way::kAfterPermission;
  SendWait(1);
  ASSERT_TRUE(file_system_.reached.try_acquire_for(kLong));
  ASSERT_TRUE(device_->StopRing(1));
  EXPECT_EQ(events_.stops(), 0);
  file_system_.permitted.release();
  EXPECT_EQ(events_.AwaitStopped(), 2);
  EXPECT_EQ(ErrorOf(1), EINTR);
}

TEST_F(DeferredReplyTest, AnAnswerThatIsLateKeepsTheStopFromBeingComplete) {
  Begin(0);
  SendWait(1);
  ASSERT_TRUE(file_system_.AwaitWaiting(1));
  // Held by somebody who gives it while the stop is under way.
  std::counting_semaphore<> stopping{0};
  std::thread late([&] {
    stopping.acquire();
    file_system_.Give({});
  });
  stopping.release();
  ASSERT_TRUE(device_->StopRing(1));
  EXPECT_EQ(events_.AwaitStopped(), 2);
  EXPECT_EQ(driver_.UsedIndex(), 2);
  late.join();
}

TEST_F(DeferredReplyTest, AnAnswerInPlaceAndOneThatIsDroppedComeOnce) {
  Begin(0);
  file_system_.way = Way::kAnsweredInPlace;
  SendWait(1);
  ASSERT_TRUE(AwaitUsed(2));
  EXPECT_EQ(ErrorOf(1), EDEADLK);
  file_system_.way = Way::kDropped;
  SendWait(2);
  ASSERT_TRUE(AwaitUsed(3));
  EXPECT_EQ(ErrorOf(2), EINTR);
  Send(3, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  ASSERT_TRUE(AwaitUsed(4));
  Stop();
  EXPECT_EQ(driver_.UsedIndex(), 4);
}

TEST_F(DeferredReplyTest, AThreadThatHasHandedOverTheLeadCanLeaveARequestToo) {
  Begin(1);
  file_system_.way = Way::kAfterHandOver;
  for (uint16_t round = 0; round < 20; ++round) {
    SendWait(1);
    SendWait(2);
    ASSERT_TRUE(file_system_.AwaitWaiting(2));
    EXPECT_TRUE(file_system_.Give({}));
    EXPECT_TRUE(file_system_.Give({}));
    ASSERT_TRUE(AwaitUsed(static_cast<uint16_t>(3 + 2 * round)));
  }
  SendWait(1);
  ASSERT_TRUE(file_system_.AwaitWaiting(1));
  Stop();
  EXPECT_EQ(ErrorOf(1), EINTR);
}

TEST_F(DeferredReplyTest, StopsAndAnswersMayComeInAnyOrder) {
  Begin(1);
  std::atomic<bool> ending = false;
  std::thread giver([&] {
    while (!ending) {
      file_system_.Give({});
    }
  });
  std::minstd_rand random(1);
  uint16_t sent = 1;
  for (int round = 0; round < 200; ++round) {
    file_system_.way = random() % 2 == 0 ? Way::kAtOnce : Way::kAfterHandOver;
    SendWait(1);
    SendWait(2);
    sent = static_cast<uint16_t>(sent + 2);
    if (random() % 4 == 0) {
      ASSERT_TRUE(AwaitUsed(sent));
    }
    Stop();
    // What the ring had not taken before it stopped is served when it runs again.
    StartRing(driver_.UsedIndex());
    ASSERT_TRUE(AwaitUsed(sent));
  }
  Stop();
  ending = true;
  giver.join();
}

}  // namespace
}  // namespace vfsd::engine
