// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/eventfd.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <semaphore>
#include <thread>

#include "../vring/test_driver.h"
#include "base/eventfd.h"
#include "engine/device.h"
#include "gtest/gtest.h"

namespace vfsd::engine {
namespace {

using testing::TestDriver;
using testing::TwoRegions;
using namespace std::chrono_literals;

constexpr auto kLong = 10s;

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
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId,
                                     std::optional<fuse::FileHandle>) override {
    return abi::fuse_attr_out{};
  }
};

class Events final : public EventSink {
 public:
  void RingBroken(uint16_t, const char* reason) override {
    const std::scoped_lock lock(lock_);
    broken_ = reason;
    changed_.notify_all();
  }
  void RingStopped(uint16_t, uint16_t base) override {
    const std::scoped_lock lock(lock_);
    stopped_ = base;
    ++stops_;
    changed_.notify_all();
  }

  std::string AwaitBroken() {
    std::unique_lock lock(lock_);
    EXPECT_TRUE(changed_.wait_for(lock, kLong, [this] { return !broken_.empty(); }));
    return broken_;
  }
  uint16_t AwaitStopped(int stops = 1) {
    std::unique_lock lock(lock_);
    EXPECT_TRUE(changed_.wait_for(lock, kLong, [&] { return stops_ >= stops; }));
    return stopped_;
  }
  int stops() {
    const std::scoped_lock lock(lock_);
    return stops_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::string broken_;
  uint16_t stopped_ = 0;
  int stops_ = 0;
};

/** A device with one ring of 8, driven by hand: request i uses descriptors 2i and 2i + 1. */
class LeadTest : public ::testing::Test {
 protected:
  void Begin(uint16_t followers) {
    auto device = Device::Create({1, followers}, file_system_, {}, events_);
    ASSERT_TRUE(device.ok());
    device_ = std::move(*device);
    ASSERT_EQ(device_->SetMemory(guest_.Descriptions()).reason, nullptr);
    StartRing(0);
    Send(0, abi::FUSE_INIT, abi::fuse_init_in{.major = 7, .minor = 38});
    ASSERT_TRUE(AwaitUsed(1));
  }

  void StartRing(uint16_t base) {
    RingSetup setup{.index = 1, .available_base = base, .layout = TestDriver::Layout()};
    setup.kick.Reset(dup(kick_.get()));
    setup.call.Reset(dup(call_.get()));
    ASSERT_EQ(device_->StartRing(std::move(setup)).reason, nullptr);
  }

  template <typename Body>
  void Send(uint16_t slot, uint32_t opcode, const Body& body) {
    const uint64_t request = TwoRegions::kGuestBase + 0x10000 + slot * 0x1000u;
    const abi::fuse_in_header header = {
        .len = sizeof header + sizeof body, .opcode = opcode, .unique = slot, .nodeid = 1};
    guest_.Write(request, &header, sizeof header);
    guest_.Write(request + sizeof header, &body, sizeof body);
    const auto head = static_cast<uint16_t>(2 * slot);
    driver_.Describe(
        head, {request, header.len, abi::VRING_DESC_F_NEXT, static_cast<uint16_t>(head + 1)});
    driver_.Describe(static_cast<uint16_t>(head + 1),
                     {request + 0x800, 0x400, abi::VRING_DESC_F_WRITE, 0});
    driver_.SetUsedEvent(driver_.UsedIndex());
    driver_.Offer(head);
    ASSERT_TRUE(SignalEventfd(kick_.get()).ok());
  }

  /** Waits until the device has given back so many chains. */
  bool AwaitUsed(uint16_t count) {
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (driver_.UsedIndex() != count) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  void Stop() {
    const int before = events_.stops();
    ASSERT_TRUE(device_->StopRing(1));
    events_.AwaitStopped(before + 1);
  }

  TwoRegions guest_;
  TestDriver driver_{guest_};
  SleepyFileSystem file_system_;
  Events events_;
  UniqueFd kick_{eventfd(0, EFD_NONBLOCK)};
  UniqueFd call_{eventfd(0, EFD_NONBLOCK)};
  std::unique_ptr<Device> device_;
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
