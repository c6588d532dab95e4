// SPDX-License-Identifier: Apache-2.0
#include <sys/xattr.h>

#include <array>
#include <cstring>

#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;
using identity::GuestGid;

class CreationTest : public testing::ServedDirectory {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can make what belongs to somebody else";
    }
  }

  NodeId Directory(const std::string& name, uid_t uid, gid_t gid, mode_t mode) {
    const auto made = fs_->MkDir(context_, kRootNode, NameOf(name), {.mode = 0777});
    EXPECT_TRUE(made.ok());
    EXPECT_EQ(chown(PathOf(name).c_str(), uid, gid), 0);
    EXPECT_EQ(chmod(PathOf(name).c_str(), mode), 0);
    return NodeId{made->nodeid};
  }

  /** With everything for user 1234 in the default list of the directory. */
  void GiveDefaultAcl(const std::string& name) const {
    struct Entry {
      uint16_t tag;
      uint16_t permissions;
      uint32_t id;
    };
    constexpr uint32_t kNoId = UINT32_MAX;
    const struct {
      uint32_t version = 2;
      Entry entries[5] = {
          {1, 7, kNoId}, {2, 7, 1234}, {4, 5, kNoId}, {16, 7, kNoId}, {32, 0, kNoId}};
    } list;
    if (setxattr(PathOf(name).c_str(), "system.posix_acl_default", &list, sizeof list, 0) != 0) {
      GTEST_SKIP() << "no access control lists on /tmp's file system";
    }
  }
};

TEST_F(CreationTest, TheMaskOfTheProcessIsAppliedWhereThereIsNoDefaultList) {
  const fuse::NewObject object = {.mode = 0777, .umask = 027};
  ASSERT_TRUE(fs_->MkDir(context_, kRootNode, NameOf("directory"), object).ok());
  ASSERT_TRUE(
      fs_->MkNod(context_, kRootNode, NameOf("fifo"), {.mode = S_IFIFO | 0666, .umask = 077}, 0)
          .ok());
  ASSERT_TRUE(fs_->Create(context_, kRootNode, NameOf("file"), object, {O_RDWR, 0}).ok());
  ASSERT_TRUE(fs_->MkDir(context_, kRootNode, NameOf("next"), {.mode = 0777}).ok());
  EXPECT_EQ(ModeOf("directory"), 0750u);
  EXPECT_EQ(ModeOf("fifo"), 0600u);
  EXPECT_EQ(ModeOf("file"), 0750u);
  EXPECT_EQ(ModeOf("next"), 0777u) << "the mask is the request's, not the thread's for ever";
}

TEST_F(CreationTest, ADefaultListTakesThePlaceOfTheMask) {
  const NodeId directory = Directory("directory", 0, 0, 0777);
  GiveDefaultAcl("directory");
  const fuse::NewObject object = {.mode = 0666, .umask = 077};
  ASSERT_TRUE(fs_->Create(context_, directory, NameOf("file"), object, {O_RDWR, 0}).ok());
  // The group's bits show the list's mask.
  EXPECT_EQ(ModeOf("directory/file"), 0660u);
  EXPECT_GT(getxattr(PathOf("directory/file").c_str(), "system.posix_acl_access", nullptr, 0), 0);
}

TEST_F(CreationTest, ASetGroupIdBitIsForRootAndMembersOfTheDirectorysGroup) {
  const NodeId shared = Directory("shared", 0, 5000, 02777);
  const auto mode_of = [&](const std::string& name, fuse::NewObject object) {
    object.mode = S_IFREG | 02775;
    EXPECT_TRUE(fs_->MkNod(context_, shared, NameOf(name), object, 0).ok());
    EXPECT_EQ(StatOf("shared/" + name).st_gid, 5000u);
    return ModeOf("shared/" + name);
  };
  Be(1000, 1000);
  EXPECT_EQ(mode_of("stranger", {}), 0775u);
  EXPECT_EQ(mode_of("other group", {.supplementary_group = GuestGid{5001}}), 0775u);
  EXPECT_EQ(mode_of("member", {.supplementary_group = GuestGid{5000}}), 02775u);
  EXPECT_EQ(mode_of("stranger again", {}), 0775u);
  Be(1000, 5000);
  EXPECT_EQ(mode_of("by its own group", {}), 02775u);
  Be(0, 0);
  EXPECT_EQ(mode_of("root", {}), 02775u);
}

TEST_F(CreationTest, LabelsAreThereWithTheObject) {
  const std::string text = "a label";
  const fuse::SecurityLabel label = {"user.label", std::as_bytes(std::span(text))};
  const fuse::NewObject object = {.mode = 0755, .labels = std::span(&label, 1)};
  ASSERT_TRUE(fs_->MkDir(context_, kRootNode, NameOf("directory"), object).ok());
  ASSERT_TRUE(fs_->Create(context_, kRootNode, NameOf("file"), object, {O_RDWR, 0}).ok());
  for (const char* name : {"directory", "file"}) {
    std::array<char, 16> value = {};
    EXPECT_EQ(getxattr(PathOf(name).c_str(), "user.label", value.data(), value.size()), 7) << name;
    EXPECT_STREQ(value.data(), "a label");
  }
}

TEST_F(CreationTest, WhatCannotBeLabelledIsNotThere) {
  // Only files and directories can have attributes of users.
  const fuse::SecurityLabel label = {"user.label", {}};
  const fuse::SecurityLabel nonsense = {"nonsense", {}};
  const fuse::NewObject object = {.mode = 0755, .labels = std::span(&nonsense, 1)};
  EXPECT_EQ(fs_->Symlink(context_, kRootNode, NameOf("link"), "x",
                         {.mode = 0777, .labels = std::span(&label, 1)})
                .error(),
            Errno(EPERM));
  EXPECT_EQ(fs_->MkDir(context_, kRootNode, NameOf("directory"), object).error(),
            Errno(EOPNOTSUPP));
  EXPECT_EQ(fs_->Create(context_, kRootNode, NameOf("file"), object, {O_RDWR, 0}).error(),
            Errno(EOPNOTSUPP));
  struct stat found;
  for (const char* name : {"link", "directory", "file"}) {
    EXPECT_NE(lstat(PathOf(name).c_str(), &found), 0) << name;
  }
}

TEST_F(CreationTest, AFileWithoutANameCanGetOne) {
  Be(1000, 2000);
  const auto made = fs_->TmpFile(context_, kRootNode, {.mode = 0640}, {O_RDWR, 0});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->entry.attr.nlink, 0u);
  EXPECT_EQ(made->entry.attr.uid, 1000u);
  EXPECT_EQ(made->entry.attr.gid, 2000u);
  EXPECT_EQ(made->entry.attr.mode, S_IFREG | 0640u);
  const NodeId node{made->entry.nodeid};
  ASSERT_TRUE(fs_->Link(context_, node, kRootNode, NameOf("named")).ok());
  EXPECT_EQ(StatOf("named").st_ino, made->entry.attr.ino);
}

TEST_F(CreationTest, AFileThatIsNeverToHaveANameGetsNone) {
  const auto made = fs_->TmpFile(context_, kRootNode, {.mode = 0640}, {O_RDWR | O_EXCL, 0});
  ASSERT_TRUE(made.ok());
  const NodeId node{made->entry.nodeid};
  EXPECT_EQ(fs_->Link(context_, node, kRootNode, NameOf("named")).error(), Errno(ENOENT));
}

TEST_F(CreationTest, AFailedLookupIsKeptForAsLongAsWasAsked) {
  Options options;
  options.timeouts.negative = {2, 500};
  Serve(options);
  const auto missing = fs_->Lookup(context_, kRootNode, NameOf("missing"));
  ASSERT_TRUE(missing.ok());
  EXPECT_EQ(missing->nodeid, 0u);
  EXPECT_EQ(missing->entry_valid, 2u);
  EXPECT_EQ(missing->entry_valid_nsec, 500u);
  options.timeouts.negative = {};
  Serve(options);
  EXPECT_EQ(fs_->Lookup(context_, kRootNode, NameOf("missing")).error(), Errno(ENOENT));
}

}  // namespace
}  // namespace vfsd::fs::passthrough
