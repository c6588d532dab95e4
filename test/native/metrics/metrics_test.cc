// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "metrics/histogram.h"
#include "metrics/slow_requests.h"
#include "metrics/thread_metrics.h"

namespace vfsd::metrics {
namespace {

TEST(HistogramTest, ADurationIsBelowTheEndOfItsBucketAndNotBelowTheEndBefore) {
  for (uint64_t ns = 1; ns < uint64_t{1} << 40; ns += ns / 7 + 1) {
    const size_t bucket = Histogram::BucketOf(ns);
    ASSERT_LT(bucket, Histogram::kBuckets);
    if (bucket > 0) {
      EXPECT_GE(ns, Histogram::EndOf(bucket - 1)) << ns;
    }
    if (bucket < Histogram::kBuckets - 1) {
      EXPECT_LT(ns, Histogram::EndOf(bucket)) << ns;
    }
  }
}

TEST(HistogramTest, TheEndsGrowAndEveryBucketCanBeHit) {
  for (size_t bucket = 0; bucket + 1 < Histogram::kBuckets; ++bucket) {
    EXPECT_EQ(Histogram::BucketOf(Histogram::EndOf(bucket) - 1), bucket);
    EXPECT_EQ(Histogram::BucketOf(Histogram::EndOf(bucket)), bucket + 1);
  }
}

TEST(HistogramTest, WhatIsTooLongForAllIsInTheLastOne) {
  Histogram histogram;
  histogram.Add(UINT64_MAX / 2);
  EXPECT_EQ(histogram.at(Histogram::kBuckets - 1), 1u);
  EXPECT_EQ(histogram.total(), UINT64_MAX / 2);
}

TEST(ThreadMetricsTest, BytesAreThoseOfData) {
  ThreadMetrics metrics(2);
  metrics.Took(1);
  metrics.Count(1, {.opcode = abi::FUSE_READ}, 1000, 80, sizeof(abi::fuse_out_header) + 4096);
  metrics.Took(1);
  metrics.Count(1, {.opcode = abi::FUSE_WRITE}, 1000,
                sizeof(abi::fuse_in_header) + sizeof(abi::fuse_write_in) + 512, 24);
  EXPECT_EQ(metrics.read_bytes(), 4096u);
  EXPECT_EQ(metrics.written_bytes(), 512u);
  EXPECT_EQ(metrics.queue(1).taken.value(), 2u);
  EXPECT_EQ(metrics.queue(1).served.value(), 2u);
  EXPECT_EQ(metrics.queue(0).served.value(), 0u);
}

TEST(ThreadMetricsTest, WhatFailsIsCountedByItsErrorAndMovesNothing) {
  ThreadMetrics metrics(1);
  metrics.Count(0, {.opcode = abi::FUSE_READ, .error = EIO}, 1000, 80, 4096);
  metrics.Count(0, {.opcode = abi::FUSE_READ, .error = 100'000}, 1000, 80, 4096);
  EXPECT_EQ(metrics.errors(EIO), 1u);
  EXPECT_EQ(metrics.errors(kErrnos - 1), 1u);
  EXPECT_EQ(metrics.read_bytes(), 0u);
}

TEST(ThreadMetricsTest, AnOpcodeOfTheFutureIsCountedAsNone) {
  ThreadMetrics metrics(1);
  metrics.Count(0, {.opcode = UINT32_MAX, .error = ENOSYS}, 1000, 40, 16);
  EXPECT_EQ(metrics.durations(0).total(), 1000u);
}

TEST(SlowRequestsTest, ComeInTheirOrderAndThoseWithoutPlaceAreCounted) {
  SlowRequests slow;
  for (uint64_t node = 0; node < SlowRequests::kPlaces + 3; ++node) {
    slow.Put({.node = node});
  }
  EXPECT_EQ(slow.lost(), 3u);
  for (uint64_t node = 0; node < SlowRequests::kPlaces; ++node) {
    const auto request = slow.Take();
    ASSERT_TRUE(request);
    EXPECT_EQ(request->node, node);
  }
  EXPECT_FALSE(slow.Take());
  slow.Put({.node = 99});
  ASSERT_TRUE(slow.Take());
}

}  // namespace
}  // namespace vfsd::metrics
