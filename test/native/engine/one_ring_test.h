// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/eventfd.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "../vring/test_driver.h"
#include "base/eventfd.h"
#include "engine/device.h"
#include "gtest/gtest.h"

namespace vfsd::engine {

using testing::TestDriver;
using testing::TwoRegions;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

inline constexpr auto kLong = 10s;

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
  void SlowRequests() override {
    const std::scoped_lock lock(lock_);
    ++slow_reports_;
    changed_.notify_all();
  }
  bool AwaitSlow(int reports) {
    std::unique_lock lock(lock_);
    return changed_.wait_for(lock, kLong, [&] { return slow_reports_ >= reports; });
  }
  int slow_reports() {
    const std::scoped_lock lock(lock_);
    return slow_reports_;
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
  int slow_reports_ = 0;
};

struct OneRing {
  uint16_t followers = 0;
  uint16_t ring = 1;
  uint32_t poll_limit_ns = 0;
  uint64_t slow_request_ns = 0;
};

/** A device with one ring of 8, driven by hand: request i uses descriptors 2i and 2i + 1. */
class OneRingTest : public ::testing::Test {
 protected:
  void TearDown() override { device_.reset(); }

  /** @param file_system outlives the device, which TearDown() ends */
  void Begin(fuse::FileSystem& file_system, const OneRing& shape) {
    auto device = Device::Create({1, shape.followers, shape.poll_limit_ns, shape.slow_request_ns},
                                 file_system, {}, events_);
    ASSERT_TRUE(device.ok());
    ring_ = shape.ring;
    device_ = std::move(*device);
    ASSERT_EQ(device_->SetMemory(guest_.Descriptions()).reason, nullptr);
    StartRing(0);
    Send(0, abi::FUSE_INIT, abi::fuse_init_in{.major = 7, .minor = 38});
    ASSERT_TRUE(AwaitUsed(1));
  }

  static constexpr uint64_t kReplyOffset = 0x800;
  static uint64_t RequestAt(uint16_t slot) {
    return TwoRegions::kGuestBase + 0x10000 + slot * 0x1000u;
  }

  void StartRing(uint16_t base, bool indirect = true) {
    RingSetup setup{
        .index = ring_, .available_base = base, .layout = TestDriver::Layout(true, indirect)};
    setup.kick.Reset(dup(kick_.get()));
    setup.call.Reset(dup(call_.get()));
    ASSERT_EQ(device_->StartRing(std::move(setup)).reason, nullptr);
  }

  /** Writes a request and the descriptors of its slot. */
  template <typename Body>
  void Describe(uint16_t slot, uint32_t opcode, const Body& body) {
    const uint64_t request = RequestAt(slot);
    const abi::fuse_in_header header = {
        .len = sizeof header + sizeof body, .opcode = opcode, .unique = slot, .nodeid = 1};
    guest_.Write(request, &header, sizeof header);
    guest_.Write(request + sizeof header, &body, sizeof body);
    const auto head = static_cast<uint16_t>(2 * slot);
    driver_.Describe(
        head, {request, header.len, abi::VRING_DESC_F_NEXT, static_cast<uint16_t>(head + 1)});
    driver_.Describe(static_cast<uint16_t>(head + 1),
                     {request + kReplyOffset, 0x400, abi::VRING_DESC_F_WRITE, 0});
    driver_.SetUsedEvent(driver_.UsedIndex());
  }

  template <typename Body>
  void Send(uint16_t slot, uint32_t opcode, const Body& body) {
    Describe(slot, opcode, body);
    driver_.Offer(static_cast<uint16_t>(2 * slot));
    ASSERT_TRUE(SignalEventfd(kick_.get()).ok());
  }

  /** Waits until the device has given back so many chains. */
  bool AwaitUsed(uint16_t count) {
    const auto end = std::chrono::steady_clock::now() + kLong;
    while (driver_.UsedIndex() != count) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      std::this_thread::sleep_for(10us);
    }
    return true;
  }

  /** The error in the reply to what was sent in that slot, positive. */
  int ErrorOf(uint16_t slot) {
    const auto header = driver_.Read<abi::fuse_out_header>(RequestAt(slot) + kReplyOffset);
    EXPECT_EQ(header.unique, slot);
    return -header.error;
  }

  void Stop() {
    const int before = events_.stops();
    ASSERT_TRUE(device_->StopRing(ring_));
    events_.AwaitStopped(before + 1);
  }

  TwoRegions guest_;
  TestDriver driver_{guest_};
  Events events_;
  UniqueFd kick_{eventfd(0, EFD_NONBLOCK)};
  UniqueFd call_{eventfd(0, EFD_NONBLOCK)};
  std::unique_ptr<Device> device_;
  uint16_t ring_ = 1;
};

}  // namespace vfsd::engine
