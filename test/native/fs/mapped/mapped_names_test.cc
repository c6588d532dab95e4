// SPDX-License-Identifier: Apache-2.0

// What becomes of attributes when names come, move and go, in both mapped models.

#include <dirent.h>
#include <linux/fs.h>

#include <algorithm>

#include "both_models.h"

namespace vfsd::fs::mapped {
namespace {

using fuse::kRootNode;
using testing::Model;

class MappedNamesTest : public testing::BothModels {};

INSTANTIATE_TEST_SUITE_P(Models, MappedNamesTest, ::testing::Values(Model::kXattr, Model::kFile),
                         MappedNamesTest::NameOfModel);

TEST_P(MappedNamesTest, AListingTellsTypesOnlyWhereItKnowsThem) {
  MakeDirectory("directory", 0755);
  MakeFile("file", 0644);
  ASSERT_TRUE(mapped_->Symlink(context_, kRootNode, NameOf("link"), "file", {}).ok());
  auto plain = List(false);
  std::ranges::sort(plain);
  using Entries = std::vector<std::pair<std::string, uint32_t>>;
  EXPECT_EQ(plain, (Entries{{"directory", DT_DIR}, {"file", DT_UNKNOWN}, {"link", DT_UNKNOWN}}));
  auto plus = List(true);
  std::ranges::sort(plus);
  EXPECT_EQ(plus, (Entries{{"directory", DT_DIR}, {"file", DT_REG}, {"link", DT_LNK}}));
}

TEST_P(MappedNamesTest, ANameThatIsTakenIsRefusedAndItsAttributesStay) {
  const NodeId node = MakeFile("file", 04755);
  ASSERT_TRUE(Chown(node, 3, 4).ok());
  const uint32_t mode = GuestMode(node);
  EXPECT_EQ(mapped_->MkNod(context_, kRootNode, NameOf("file"), {.mode = S_IFREG}, 0).error(),
            Errno(EEXIST));
  EXPECT_EQ(mapped_->MkDir(context_, kRootNode, NameOf("file"), {.mode = 0755}).error(),
            Errno(EEXIST));
  EXPECT_EQ(mapped_->Symlink(context_, kRootNode, NameOf("file"), "x", {}).error(), Errno(EEXIST));
  EXPECT_EQ(mapped_->Link(context_, node, kRootNode, NameOf("file")).error(), Errno(EEXIST));
  const abi::fuse_open_in exclusive = {O_RDWR | O_CREAT | O_EXCL, 0};
  EXPECT_EQ(mapped_->Create(context_, kRootNode, NameOf("file"), {.mode = 0600}, exclusive).error(),
            Errno(EEXIST));
  EXPECT_EQ(
      mapped_->Create(context_, kRootNode, NameOf("file"), {.mode = 0600}, {O_RDWR, 0}).error(),
      Errno(ESTALE));
  EXPECT_EQ(Look("file").mode, mode);
  EXPECT_EQ(Look("file").uid, 3u);
}

TEST_P(MappedNamesTest, NothingOfAnotherTypeIsMade) {
  EXPECT_EQ(mapped_->MkNod(context_, kRootNode, NameOf("x"), {.mode = S_IFDIR}, 0).error(),
            Errno(EPERM));
  EXPECT_EQ(mapped_->MkNod(context_, kRootNode, NameOf("x"), {.mode = S_IFLNK}, 0).error(),
            Errno(EINVAL));
  EXPECT_EQ(
      mapped_->Rename(context_, kRootNode, NameOf("x"), kRootNode, NameOf("y"), RENAME_WHITEOUT)
          .error(),
      Errno(EINVAL));
  EXPECT_FALSE(Exists("x"));
}

TEST_P(MappedNamesTest, ANewNameOfAnObjectHasItsAttributes) {
  const NodeId node = MakeFile("file", 0755);
  ASSERT_TRUE(Chown(node, 3, 4).ok());
  const NodeId directory = MakeDirectory("directory", 0755);
  ASSERT_TRUE(mapped_->Link(context_, node, directory, NameOf("second")).ok());
  EXPECT_EQ(Look("second", directory).uid, 3u);
  // What is changed by one name is changed.
  ASSERT_TRUE(Chown(NodeOf("second", directory), 5, 6).ok());
  EXPECT_EQ(Look("file").uid, 5u);
  // The first name goes, the object stays what it is.
  ASSERT_TRUE(mapped_->Unlink(context_, kRootNode, NameOf("file")).ok());
  EXPECT_EQ(Look("second", directory).uid, 5u);
  EXPECT_EQ(GuestMode(node), S_IFREG | 0755u);
}

TEST_P(MappedNamesTest, ARenamedObjectKeepsItsAttributes) {
  const NodeId one = MakeFile("one", 0711);
  ASSERT_TRUE(Chown(one, 1, 1).ok());
  ASSERT_TRUE(Chown(MakeFile("two", 0722), 2, 2).ok());
  const NodeId directory = MakeDirectory("directory", 0755);
  ASSERT_TRUE(
      mapped_->Rename(context_, kRootNode, NameOf("one"), directory, NameOf("moved"), 0).ok());
  EXPECT_EQ(Look("moved", directory).uid, 1u);
  EXPECT_EQ(GuestMode(one), S_IFREG | 0711u);
  // Over another one.
  ASSERT_TRUE(
      mapped_->Rename(context_, directory, NameOf("moved"), kRootNode, NameOf("two"), 0).ok());
  EXPECT_EQ(Look("two").uid, 1u);
  // What changes afterwards belongs to it.
  ASSERT_TRUE(Chmod(one, S_IFREG | 0700).ok());
  EXPECT_EQ(Look("two").mode, S_IFREG | 0700u);
}

TEST_P(MappedNamesTest, ExchangedObjectsKeepTheirAttributes) {
  ASSERT_TRUE(Chown(MakeFile("one", 0711), 1, 1).ok());
  WriteHost("hosts", "");
  const NodeId directory = MakeDirectory("directory", 0755);
  ASSERT_TRUE(Chown(MakeFile("two", 0722, directory), 2, 2).ok());
  const auto exchange = [&](const char* name, NodeId parent, const char* other) {
    return mapped_->Rename(context_, kRootNode, NameOf(name), parent, NameOf(other),
                           RENAME_EXCHANGE);
  };
  ASSERT_TRUE(exchange("one", directory, "two").ok());
  EXPECT_EQ(Look("one").uid, 2u);
  EXPECT_EQ(Look("two", directory).uid, 1u);
  ASSERT_TRUE(exchange("one", kRootNode, "hosts").ok());
  EXPECT_EQ(Look("hosts").uid, 2u);
  EXPECT_EQ(Look("one").mode, S_IFREG | 0600u);
  ASSERT_TRUE(exchange("one", kRootNode, "hosts").ok());
  EXPECT_EQ(Look("one").uid, 2u);
  EXPECT_EQ(Look("hosts").mode, S_IFREG | 0600u);
}

TEST_P(MappedNamesTest, AFailedRenameChangesNothing) {
  ASSERT_TRUE(Chown(MakeFile("one", 0711), 1, 1).ok());
  ASSERT_TRUE(Chown(MakeFile("two", 0722), 2, 2).ok());
  EXPECT_EQ(
      mapped_
          ->Rename(context_, kRootNode, NameOf("one"), kRootNode, NameOf("two"), RENAME_NOREPLACE)
          .error(),
      Errno(EEXIST));
  EXPECT_EQ(
      mapped_->Rename(context_, kRootNode, NameOf("none"), kRootNode, NameOf("two"), 0).error(),
      Errno(ENOENT));
  EXPECT_EQ(Look("one").uid, 1u);
  EXPECT_EQ(Look("two").uid, 2u);
}

TEST_P(MappedNamesTest, WhatIsOpenAndRemovedKeepsItsAttributes) {
  const NodeId node = MakeFile("file", 0755);
  ASSERT_TRUE(Chown(node, 3, 4).ok());
  ASSERT_TRUE(mapped_->Unlink(context_, kRootNode, NameOf("file")).ok());
  const auto attributes = mapped_->GetAttr(context_, node);
  ASSERT_TRUE(attributes.ok());
  EXPECT_EQ(attributes->attr.uid, 3u);
  ASSERT_TRUE(Chmod(node, S_IFREG | 0600).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0600u);
}

TEST_P(MappedNamesTest, AFileWithoutANameCanGetOne) {
  Be(1000, 1000);
  const auto made =
      mapped_->TmpFile(context_, kRootNode, {.mode = 0640, .umask = 027}, {O_RDWR, 0});
  ASSERT_TRUE(made.ok());
  const NodeId node{made->entry.nodeid};
  EXPECT_EQ(made->entry.attr.uid, 1000u);
  EXPECT_EQ(GuestMode(node), S_IFREG | 0640u);
  ASSERT_TRUE(mapped_->Link(context_, node, kRootNode, NameOf("named")).ok());
  EXPECT_EQ(Look("named").uid, 1000u);
}

TEST_P(MappedNamesTest, AFullDirectoryIsNotRemovedAndAnEmptyOneIs) {
  const NodeId directory = MakeDirectory("directory", 0755);
  ASSERT_TRUE(Chown(MakeFile("file", 0644, directory), 1, 1).ok());
  EXPECT_EQ(mapped_->RmDir(context_, kRootNode, NameOf("directory")).error(), Errno(ENOTEMPTY));
  EXPECT_EQ(Look("file", directory).uid, 1u);
  EXPECT_EQ(mapped_->RmDir(context_, directory, NameOf("file")).error(), Errno(ENOTDIR));
  EXPECT_EQ(mapped_->RmDir(context_, directory, NameOf("none")).error(), Errno(ENOENT));
  ASSERT_TRUE(mapped_->Unlink(context_, directory, NameOf("file")).ok());
  EXPECT_TRUE(mapped_->RmDir(context_, kRootNode, NameOf("directory")).ok());
  EXPECT_FALSE(Exists("directory"));
}

TEST_P(MappedNamesTest, AnEmptyDirectoryIsReplacedByAnother) {
  const NodeId one = MakeDirectory("one", 0711);
  MakeFile("file", 0644, one);
  const NodeId two = MakeDirectory("two", 0722);
  MakeFile("file", 0644, two);
  const auto rename = [&] {
    return mapped_->Rename(context_, kRootNode, NameOf("one"), kRootNode, NameOf("two"), 0);
  };
  EXPECT_EQ(rename().error(), Errno(ENOTEMPTY));
  ASSERT_TRUE(mapped_->Unlink(context_, two, NameOf("file")).ok());
  ASSERT_TRUE(rename().ok());
  EXPECT_EQ(Look("two").mode, S_IFDIR | 0711u);
}

}  // namespace
}  // namespace vfsd::fs::mapped
