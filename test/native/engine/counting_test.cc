// SPDX-License-Identifier: Apache-2.0
#include "one_ring_test.h"

namespace vfsd::engine {
namespace {

class AnswersAttributes final : public fuse::FileSystem {
 public:
  std::chrono::milliseconds delay{0};

  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override {
    std::this_thread::sleep_for(delay);
    return abi::fuse_attr_out{};
  }
};

class CountingTest : public OneRingTest {
 protected:
  uint64_t Requests(uint32_t opcode) {
    uint64_t requests = 0;
    device_->crew().VisitMetrics([&](const metrics::ThreadMetrics& thread) {
      for (size_t i = 0; i < metrics::Histogram::kBuckets; ++i) {
        requests += thread.durations(opcode).at(i);
      }
    });
    return requests;
  }

  AnswersAttributes file_system_;
};

TEST_F(CountingTest, EachRequestIsCountedOnceByItsOpcode) {
  Begin(file_system_, {});
  Send(1, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  Send(2, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  ASSERT_TRUE(AwaitUsed(3));
  Stop();
  EXPECT_EQ(Requests(abi::FUSE_INIT), 1u);
  EXPECT_EQ(Requests(abi::FUSE_GETATTR), 2u);
  EXPECT_EQ(events_.slow_reports(), 0);
}

TEST_F(CountingTest, ASlowRequestIsReportedOnceUntilItIsReadAndAgainAfterwards) {
  file_system_.delay = 20ms;
  Begin(file_system_, {.slow_request_ns = 10'000'000});
  const auto take = [this] {
    device_->crew().ListenForSlowRequests();
    uint64_t count = 0;
    device_->crew().VisitMetrics([&](metrics::ThreadMetrics& thread) {
      while (const auto slow = thread.slow().Take()) {
        EXPECT_EQ(slow->opcode, abi::FUSE_GETATTR);
        EXPECT_GE(slow->nanoseconds, 20'000'000u);
        EXPECT_EQ(slow->node, 1u);
        ++count;
      }
    });
    return count;
  };
  Send(1, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  Send(2, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  ASSERT_TRUE(AwaitUsed(3));
  Stop();
  EXPECT_EQ(events_.slow_reports(), 1);
  EXPECT_EQ(take(), 2u);
  StartRing(3);
  Send(3, abi::FUSE_GETATTR, abi::fuse_getattr_in{});
  ASSERT_TRUE(AwaitUsed(4));
  Stop();
  EXPECT_EQ(events_.slow_reports(), 2);
  EXPECT_EQ(take(), 1u);
}

}  // namespace
}  // namespace vfsd::engine
