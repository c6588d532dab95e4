// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "base/cpu_relax.h"
#include "one_ring_test.h"

namespace vfsd::engine {
namespace {

constexpr uint32_t kPollLimitNs = 20'000;
constexpr uint16_t kHighPriority = 0;
constexpr uint16_t kRequests = 1;

/** Counts FORGETs; GETATTR answers at once. */
class QuickFileSystem final : public fuse::FileSystem {
 public:
  std::atomic<uint16_t> forgotten = 0;

  void Forget(fuse::NodeId, uint64_t) override { ++forgotten; }
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override {
    return abi::fuse_attr_out{};
  }
};

/** A driver that kicks only when it is asked to, as a real one does. */
class WaitingTest : public OneRingTest {
 protected:
  void Offer(uint16_t slot, uint32_t opcode) {
    if (opcode == abi::FUSE_FORGET) {
      Describe(slot, opcode, abi::fuse_forget_in{1});
    } else {
      Describe(slot, opcode, abi::fuse_getattr_in{});
    }
    driver_.Offer(static_cast<uint16_t>(2 * slot));
    // Pairs with the device's fence between its wish for a kick and its last look at the ring.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    ++offered_;
    asked_for_kick_ = driver_.AvailableEvent() == static_cast<uint16_t>(offered_ - 1);
    if (asked_for_kick_) {
      ASSERT_TRUE(SignalEventfd(kick_.get()).ok());
    }
  }

  static void Pause(std::chrono::nanoseconds length) {
    for (const auto end = std::chrono::steady_clock::now() + length;
         std::chrono::steady_clock::now() < end;) {
      CpuRelax();
    }
  }

  QuickFileSystem file_system_;
  uint16_t offered_ = 0;
  bool asked_for_kick_ = false;
};

TEST_F(WaitingTest, NoRequestIsMissedBetweenLookingAndSleeping) {
  Begin(file_system_, {.ring = kRequests, .poll_limit_ns = kPollLimitNs});
  offered_ = 1;
  for (int i = 0; i < 3000; ++i) {
    // Around the moment at which the device gives looking up.
    Pause(std::chrono::nanoseconds(i % 64 * 700));
    Offer(1, abi::FUSE_GETATTR);
    ASSERT_TRUE(AwaitUsed(offered_)) << "request " << i;
  }
  Stop();
}

TEST_F(WaitingTest, ARingStopsWhileItIsLookedAt) {
  Begin(file_system_, {.ring = kRequests, .poll_limit_ns = 1'000'000});
  offered_ = 1;
  for (int i = 0; i < 50; ++i) {
    for (int request = 0; request < 4; ++request) {
      Offer(1, abi::FUSE_GETATTR);
      ASSERT_TRUE(AwaitUsed(offered_));
    }
    Stop();
    StartRing(offered_);
  }
  Stop();
}

// On a busy machine the device may get to sleep for good between two requests, and is kicked then.
constexpr int kTries = 20'000;

TEST_F(WaitingTest, ForgetsGatherWithoutAKickForEach) {
  Begin(file_system_, {.ring = kHighPriority});
  offered_ = 1;
  int gathered = 0;
  for (int i = 0; i < kTries && gathered < 100; ++i) {
    Offer(1, abi::FUSE_FORGET);
    const bool first_gathers = !asked_for_kick_;
    Offer(2, abi::FUSE_FORGET);
    gathered += first_gathers && !asked_for_kick_ ? 1 : 0;
    ASSERT_TRUE(AwaitUsed(offered_)) << "with or without a kick";
  }
  EXPECT_EQ(gathered, 100);
  EXPECT_EQ(file_system_.forgotten, offered_ - 1);
  Stop();
}

TEST_F(WaitingTest, ADriverThatWaitsForEachForgetIsServedAtOnce) {
  Begin(file_system_, {.ring = kHighPriority});
  offered_ = 1;
  int asked = 0;
  for (int i = 0; i < 1000; ++i) {
    Offer(1, abi::FUSE_FORGET);
    asked += asked_for_kick_ ? 1 : 0;
    ASSERT_TRUE(AwaitUsed(offered_));
  }
  EXPECT_GT(asked, 900);
  Stop();
}

TEST_F(WaitingTest, HalfARingOfForgetsIsNotKeptWaiting) {
  Begin(file_system_, {.ring = kHighPriority});
  offered_ = 1;
  int urged = 0;
  for (int i = 0; i < kTries && urged < 20; ++i) {
    bool gathers = true;
    for (uint16_t slot = 0; slot < TestDriver::kSize / 2; ++slot) {
      Offer(slot, abi::FUSE_FORGET);
      gathers = gathers && (slot + 1 == TestDriver::kSize / 2 ? asked_for_kick_ : !asked_for_kick_);
    }
    urged += gathers ? 1 : 0;
    ASSERT_TRUE(AwaitUsed(offered_));
  }
  EXPECT_EQ(urged, 20);
  Stop();
}

}  // namespace
}  // namespace vfsd::engine
