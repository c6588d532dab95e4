// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/mapped_file.h"

#include <linux/fs.h>

#include "mapped_directory.h"

namespace vfsd::fs::mapped {
namespace {

using fuse::kRootNode;

class MappedFileTest : public testing::MappedDirectory {
 protected:
  void SetUp() override { Map(testing::Model::kFile); }
};

TEST_F(MappedFileTest, AttributesAreQemusByteForByte) {
  Be(1000, 100);
  ASSERT_TRUE(
      mapped_->MkNod(context_, kRootNode, NameOf("tty"), {.mode = S_IFCHR | 0620}, 4u << 8 | 1)
          .ok());
  EXPECT_EQ(HostText(".virtfs_metadata/tty"),
            "virtfs.uid=1000\nvirtfs.gid=100\nvirtfs.mode=8592\nvirtfs.rdev=1025\n");
  EXPECT_EQ(ModeOf(".virtfs_metadata"), 0700u);
  EXPECT_EQ(ModeOf(".virtfs_metadata/tty"), 0600u);
  ASSERT_TRUE(Chmod(kRootNode, S_IFDIR | 0750).ok());
  EXPECT_EQ(HostText(".virtfs_metadata_root"), "virtfs.mode=16872\n");
}

TEST_F(MappedFileTest, ItsNamesCanNeitherBeSeenNorUsed) {
  const NodeId file = MakeFile("file", 0644);
  ASSERT_TRUE(Chmod(kRootNode, S_IFDIR | 0755).ok());
  EXPECT_EQ(List(false).size(), 1u);
  EXPECT_EQ(List(true).size(), 1u);
  for (const char* hidden : {".virtfs_metadata", ".virtfs_metadata_root"}) {
    const fuse::Name name = NameOf(hidden);
    const fuse::Name plain = NameOf("file");
    const Errno refused(EINVAL);
    EXPECT_EQ(mapped_->Lookup(context_, kRootNode, name).error(), refused);
    EXPECT_EQ(mapped_->MkDir(context_, kRootNode, name, {}).error(), refused);
    EXPECT_EQ(mapped_->MkNod(context_, kRootNode, name, {.mode = S_IFREG}, 0).error(), refused);
    EXPECT_EQ(mapped_->Symlink(context_, kRootNode, name, "x", {}).error(), refused);
    EXPECT_EQ(mapped_->Create(context_, kRootNode, name, {}, {O_RDWR, 0}).error(), refused);
    EXPECT_EQ(mapped_->Link(context_, file, kRootNode, name).error(), refused);
    EXPECT_EQ(mapped_->Unlink(context_, kRootNode, name).error(), refused);
    EXPECT_EQ(mapped_->RmDir(context_, kRootNode, name).error(), refused);
    EXPECT_EQ(mapped_->Rename(context_, kRootNode, name, kRootNode, plain, 0).error(), refused);
    EXPECT_EQ(mapped_->Rename(context_, kRootNode, plain, kRootNode, name, 0).error(), refused);
  }
}

TEST_F(MappedFileTest, AListingOfHiddenNamesAloneIsNoEndOfAnother) {
  // More names than a reply has room for, with the hidden one anywhere among them.
  const NodeId directory = MakeDirectory("directory", 0755);
  for (int i = 0; i < 300; ++i) {
    MakeFile("a-name-that-takes-room-" + std::to_string(i), 0644, directory);
  }
  EXPECT_EQ(List(false, directory).size(), 300u);
}

TEST_F(MappedFileTest, WhatChangesIsWrittenInPlaceAndExactly) {
  const NodeId node = MakeFile("file", 0644);
  ASSERT_TRUE(Chown(node, 1234567, 7654321).ok());
  const ino_t number = StatOf(".virtfs_metadata/file").st_ino;
  ASSERT_TRUE(Chown(node, 1, 2).ok());
  EXPECT_EQ(HostText(".virtfs_metadata/file"),
            "virtfs.uid=1\nvirtfs.gid=2\nvirtfs.mode=33188\nvirtfs.rdev=0\n");
  EXPECT_EQ(StatOf(".virtfs_metadata/file").st_ino, number);
}

TEST_F(MappedFileTest, ASecondNameSharesTheFileOfAttributes) {
  const NodeId node = MakeFile("file", 0644);
  ASSERT_TRUE(mapped_->Link(context_, node, kRootNode, NameOf("second")).ok());
  EXPECT_EQ(StatOf(".virtfs_metadata/file").st_ino, StatOf(".virtfs_metadata/second").st_ino);
  ASSERT_TRUE(mapped_->Unlink(context_, kRootNode, NameOf("file")).ok());
  EXPECT_FALSE(Exists(".virtfs_metadata/file"));
  EXPECT_TRUE(Exists(".virtfs_metadata/second"));
}

TEST_F(MappedFileTest, WhatIsLeftBehindByWhatIsNoMoreIsReplaced) {
  MakeFile("first", 0644);
  WriteHost(".virtfs_metadata/new", "virtfs.uid=666\nvirtfs.mode=35309\n");
  Be(1000, 1000);
  MakeFile("new", 0644);
  EXPECT_EQ(Look("new").uid, 1000u);
  EXPECT_EQ(Look("new").mode, S_IFREG | 0644u);
  WriteHost(".virtfs_metadata/renamed", "virtfs.uid=666\n");
  ASSERT_TRUE(
      mapped_->Rename(context_, kRootNode, NameOf("new"), kRootNode, NameOf("renamed"), 0).ok());
  EXPECT_EQ(Look("renamed").uid, 1000u);
  EXPECT_FALSE(Exists(".virtfs_metadata/new"));
  WriteHost(".virtfs_metadata/linked", "virtfs.uid=666\n");
  ASSERT_TRUE(mapped_->Link(context_, NodeOf("renamed"), kRootNode, NameOf("linked")).ok());
  EXPECT_EQ(Look("linked").uid, 1000u);
}

TEST_F(MappedFileTest, WhatHasNoAttributesDoesNotGetThoseOfWhatItReplaces) {
  ASSERT_TRUE(Chown(MakeFile("old", 04755), 3, 3).ok());
  WriteHost("hosts", "text");
  ASSERT_TRUE(
      mapped_->Rename(context_, kRootNode, NameOf("hosts"), kRootNode, NameOf("old"), 0).ok());
  EXPECT_EQ(Look("old").mode, S_IFREG | 0600u);
  WriteHost("more", "text");
  const NodeId node = NodeOf("more");
  WriteHost(".virtfs_metadata/linked", "virtfs.uid=666\n");
  ASSERT_TRUE(mapped_->Link(context_, node, kRootNode, NameOf("linked")).ok());
  EXPECT_EQ(Look("linked").uid, geteuid());
}

TEST_F(MappedFileTest, OrphansDoNotKeepAnEmptyDirectory) {
  const NodeId directory = MakeDirectory("directory", 0755);
  MakeFile("file", 0644, directory);
  for (int i = 0; i < 200; ++i) {
    WriteHost("directory/.virtfs_metadata/orphan" + std::to_string(i), "virtfs.uid=1\n");
  }
  ASSERT_TRUE(mapped_->Unlink(context_, directory, NameOf("file")).ok());
  EXPECT_TRUE(mapped_->RmDir(context_, kRootNode, NameOf("directory")).ok());
  EXPECT_FALSE(Exists("directory"));
  EXPECT_FALSE(Exists(".virtfs_metadata/directory"));
}

TEST_F(MappedFileTest, AttributesDoNotComeToBelongToAnotherObject) {
  WriteHost("file", "text");
  const NodeId node = NodeOf("file");
  // Somebody on the host puts another file in its place.
  ASSERT_EQ(rename(PathOf("file").c_str(), PathOf("moved").c_str()), 0);
  WriteHost("file", "another");
  EXPECT_EQ(Chmod(node, S_IFREG | 04755).error(), Errno(ESTALE));
  EXPECT_EQ(Look("file").mode, S_IFREG | 0600u);
}

TEST_F(MappedFileTest, WhatIsNoFileInTheHiddenDirectoryKeepsNothing) {
  MakeFile("first", 0644);
  WriteHost("file", "");
  ASSERT_EQ(mkfifo(PathOf(".virtfs_metadata/file").c_str(), 0600), 0);
  EXPECT_EQ(Look("file").mode, S_IFREG | 0600u);
  WriteHost("linked", "");
  ASSERT_EQ(symlink("/etc/hostname", PathOf(".virtfs_metadata/linked").c_str()), 0);
  EXPECT_EQ(Look("linked").mode, S_IFREG | 0600u);
}

TEST_F(MappedFileTest, NothingIsHeldForWhatTheGuestHasForgotten) {
  const NodeId node = MakeFile("file", 0644);
  Look("file");
  ASSERT_EQ(fs_->Held().inodes, 2u);  // the file, and that of its attributes
  mapped_->Forget(node, 1);
  EXPECT_EQ(fs_->Held().inodes, 2u);
  mapped_->Forget(node, 1);
  EXPECT_EQ(fs_->Held().inodes, 0u);
}

TEST_F(MappedFileTest, ANewSessionKnowsNothingOfTheLast) {
  const NodeId node = MakeFile("file", 0644);
  mapped_->Reset();
  EXPECT_EQ(mapped_->GetAttr(context_, node).error(), Errno(ESTALE));
  EXPECT_EQ(Look("file").mode, S_IFREG | 0644u);
}

}  // namespace
}  // namespace vfsd::fs::mapped
