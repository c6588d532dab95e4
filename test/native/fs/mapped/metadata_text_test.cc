// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/metadata_text.h"

#include <string>

#include "gtest/gtest.h"

namespace vfsd::fs::mapped {
namespace {

std::string Format(const StoredAttributes& stored) {
  return std::string(MetadataText(stored).view());
}

TEST(MetadataTextTest, AllNumbersAreDecimalInTheOrderOfQemu) {
  EXPECT_EQ(Format({1000, 100, S_IFCHR | 0620, makedev(4, 1)}),
            "virtfs.uid=1000\nvirtfs.gid=100\nvirtfs.mode=8592\nvirtfs.rdev=1025\n");
  EXPECT_EQ(Format({.mode = 33188}), "virtfs.mode=33188\n");
  EXPECT_EQ(Format({}), "");
}

TEST(MetadataTextTest, NumbersPassThroughASignedOneOf32Bits) {
  const StoredAttributes high = {.uid = 4294967294u, .rdev = 0xfff00001u};
  EXPECT_EQ(Format(high), "virtfs.uid=-2\nvirtfs.rdev=-1048575\n");
  const StoredAttributes read = ParseMetadata(Format(high));
  EXPECT_EQ(read.uid, 4294967294u);
  EXPECT_EQ(EncodeDevice(major(*read.rdev), minor(*read.rdev)), 0xfff00001u);
}

TEST(MetadataTextTest, WhatIsWrittenIsRead) {
  const StoredAttributes all = {7, 8, S_IFBLK | 0600, makedev(259, 70000)};
  const StoredAttributes read = ParseMetadata(Format(all));
  EXPECT_EQ(read.uid, all.uid);
  EXPECT_EQ(read.gid, all.gid);
  EXPECT_EQ(read.mode, all.mode);
  EXPECT_EQ(read.rdev, all.rdev);
}

TEST(MetadataTextTest, WhatIsMissingStaysMissing) {
  const StoredAttributes read = ParseMetadata("virtfs.gid=5\n");
  EXPECT_FALSE(read.uid.has_value());
  EXPECT_EQ(read.gid, 5u);
  EXPECT_TRUE(ParseMetadata("").empty());
}

TEST(MetadataTextTest, UnknownLinesArePassedOverAndWhatIsNoNumberIsZero) {
  const StoredAttributes read = ParseMetadata(
      "virtfs.colour=3\n\n virtfs.uid=1\nvirtfs.gid=x\nvirtfs.mode= 12z\nvirtfs.rdev");
  EXPECT_FALSE(read.uid.has_value());
  EXPECT_EQ(read.gid, 0u);
  EXPECT_EQ(read.mode, 12u);
  EXPECT_EQ(read.rdev, 0u);
}

TEST(MetadataTextTest, TheLastLineOfAKeyCounts) {
  EXPECT_EQ(ParseMetadata("virtfs.uid=1\nvirtfs.uid=2\n").uid, 2u);
}

TEST(MetadataTextTest, ALineIsReadInPiecesOf99Characters) {
  const std::string filler(99, 'x');
  EXPECT_EQ(ParseMetadata(filler + "virtfs.uid=9\n").uid, 9u);
  EXPECT_FALSE(ParseMetadata(filler + "x" + "virtfs.uid=9\n").uid.has_value());
  EXPECT_EQ(ParseMetadata(filler + "\nvirtfs.uid=9\n").uid, 9u);
}

}  // namespace
}  // namespace vfsd::fs::mapped
