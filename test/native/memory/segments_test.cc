// SPDX-License-Identifier: Apache-2.0
#include "memory/segments.h"

#include <array>
#include <string>

#include "gtest/gtest.h"

namespace vfsd::memory {
namespace {

class Segments : public ::testing::Test {
 protected:
  // Pieces of 4, 1 and 5 bytes with gaps between them.
  Segments() {
    Add(0, 4);
    Add(6, 1);
    Add(10, 5);
  }

  void Add(size_t offset, size_t length) {
    ASSERT_TRUE(list_.Add({reinterpret_cast<std::byte*>(text_.data()) + offset, length}));
  }

  std::string text_ = "0123456789abcdefghij";
  SegmentList list_;
};

TEST_F(Segments, NeighboursAreJoined) {
  Add(15, 2);
  EXPECT_EQ(list_.segments().size(), 3u);
  EXPECT_EQ(list_.bytes(), 12u);
}

TEST_F(Segments, AFullListSaysSo) {
  SegmentList list;
  std::array<std::byte, 2 * SegmentList::kCapacity + 2> bytes;
  for (size_t i = 0; i < SegmentList::kCapacity; ++i) {
    ASSERT_TRUE(list.Add({&bytes[2 * i], 1}));
  }
  EXPECT_FALSE(list.Add({&bytes[2 * SegmentList::kCapacity], 1}));
}

TEST_F(Segments, ReadingCrossesPieces) {
  SegmentCursor cursor(list_);
  char out[8] = {};
  ASSERT_TRUE(cursor.Read(out, 7));
  EXPECT_STREQ(out, "01236ab");
  EXPECT_EQ(cursor.remaining(), 3u);
  EXPECT_EQ(cursor.consumed(), 7u);
}

TEST_F(Segments, ReadingMoreThanThereIsDoesNothing) {
  SegmentCursor cursor(list_);
  char out[16];
  EXPECT_FALSE(cursor.Read(out, 11));
  EXPECT_EQ(cursor.consumed(), 0u);
}

TEST_F(Segments, WritingCrossesPiecesAndKeepsTheGaps) {
  SegmentCursor cursor(list_);
  ASSERT_TRUE(cursor.Write("ABCDEFGHIJ", 10));
  EXPECT_EQ(text_, "ABCD45E789FGHIJfghij");
  EXPECT_FALSE(cursor.Write("x", 1));
}

TEST_F(Segments, ALimitCutsTheRest) {
  SegmentCursor cursor(list_);
  cursor.Skip(2);
  cursor.Limit(4);
  EXPECT_EQ(cursor.remaining(), 4u);
  ASSERT_EQ(cursor.rest().size(), 3u);
  EXPECT_EQ(cursor.rest()[2].iov_len, 1u);
  cursor.Limit(0);
  EXPECT_TRUE(cursor.rest().empty());
}

TEST_F(Segments, ALimitBeyondTheEndChangesNothing) {
  SegmentCursor cursor(list_);
  cursor.Limit(100);
  EXPECT_EQ(cursor.remaining(), 10u);
}

}  // namespace
}  // namespace vfsd::memory
