// SPDX-License-Identifier: Apache-2.0

// What a guest gets of objects in both mapped models, whatever they keep it in.

#include <chrono>
#include <thread>

#include "both_models.h"

namespace vfsd::fs::mapped {
namespace {

using fuse::kRootNode;
using testing::Model;

class MappedTest : public testing::BothModels {
 protected:
  std::string TargetOf(NodeId node) {
    std::array<char, 4096> target;
    const auto length = mapped_->ReadLink(context_, node, target);
    return length ? std::string(target.data(), *length) : std::to_string(length.error().value());
  }
};

INSTANTIATE_TEST_SUITE_P(Models, MappedTest, ::testing::Values(Model::kXattr, Model::kFile),
                         MappedTest::NameOfModel);

TEST_P(MappedTest, WhatAUserOfTheGuestMakesIsTheirsThereAndTheDaemonsOnTheHost) {
  Be(1000, 100);
  const auto file =
      mapped_->Create(context_, kRootNode, NameOf("file"), {.mode = 04751}, {O_RDWR, 0});
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->entry.attr.mode, S_IFREG | 04751u);
  EXPECT_EQ(file->entry.attr.uid, 1000u);
  EXPECT_EQ(file->entry.attr.gid, 100u);
  EXPECT_EQ(StatOf("file").st_uid, geteuid());
  EXPECT_EQ(StatOf("file").st_gid, getegid());
  EXPECT_EQ(StatOf("file").st_mode, S_IFREG | 0600u);
  MakeDirectory("directory", 01777);
  EXPECT_EQ(Look("directory").mode, S_IFDIR | 01777u);
  EXPECT_EQ(Look("directory").uid, 1000u);
  EXPECT_EQ(StatOf("directory").st_mode, S_IFDIR | 0700u);
  EXPECT_EQ(StatOf("directory").st_uid, geteuid());
}

TEST_P(MappedTest, TheModesOnTheHostAreThoseThatWereAskedFor) {
  Map(GetParam(), {.file_mode = 0640, .directory_mode = 0750});
  MakeFile("file", 0777);
  MakeDirectory("directory", 0777);
  EXPECT_EQ(ModeOf("file"), 0640u);
  EXPECT_EQ(ModeOf("directory"), 0750u);
}

TEST_P(MappedTest, DevicesFifosAndSocketsAreEmptyRegularFilesOnTheHost) {
  const struct {
    const char* name;
    uint32_t mode;
    uint32_t device;
  } objects[] = {{"console", S_IFCHR | 0600, 5u << 8 | 1},
                 {"disk", S_IFBLK | 0660, 259u << 8 | (0x1234u & 0xff) | (0x1200u << 12)},
                 {"fifo", S_IFIFO | 0644, 0},
                 {"socket", S_IFSOCK | 0755, 0}};
  for (const auto& object : objects) {
    const auto made = mapped_->MkNod(context_, kRootNode, NameOf(object.name),
                                     {.mode = object.mode}, object.device);
    ASSERT_TRUE(made.ok()) << object.name;
    const abi::fuse_attr found = Look(object.name);
    EXPECT_EQ(found.mode, object.mode);
    EXPECT_EQ(found.rdev, object.device);
    EXPECT_TRUE(S_ISREG(StatOf(object.name).st_mode));
    EXPECT_EQ(StatOf(object.name).st_size, 0);
    const auto exact = mapped_->Statx(context_, NodeId{made->nodeid}, STATX_BASIC_STATS);
    ASSERT_TRUE(exact.ok());
    EXPECT_EQ(exact->stat.mode, object.mode);
    EXPECT_EQ(exact->stat.rdev_major, object.device >> 8 & 0xfff);
  }
}

TEST_P(MappedTest, ASymbolicLinkIsARegularFileWithItsTargetInIt) {
  const auto made = mapped_->Symlink(context_, kRootNode, NameOf("link"), "../a b", {.mode = 0});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->attr.mode, S_IFLNK | 0777u);
  EXPECT_EQ(made->attr.size, 6u);
  EXPECT_EQ(TargetOf(NodeId{made->nodeid}), "../a b");
  EXPECT_TRUE(S_ISREG(StatOf("link").st_mode));
  EXPECT_EQ(HostText("link"), "../a b");
}

TEST_P(MappedTest, WhatIsOfTheHostAloneIsSeenAsItIs) {
  WriteHost("file", "text");
  ASSERT_EQ(chmod(PathOf("file").c_str(), 0604), 0);
  ASSERT_EQ(symlink("elsewhere", PathOf("link").c_str()), 0);
  EXPECT_EQ(Look("file").mode, S_IFREG | 0604u);
  EXPECT_EQ(Look("file").uid, geteuid());
  EXPECT_EQ(Look("link").mode & S_IFMT, static_cast<uint32_t>(S_IFLNK));
  EXPECT_EQ(TargetOf(NodeOf("link")), "elsewhere");
}

TEST_P(MappedTest, OwnersAndModesAreChangedForTheGuestAlone) {
  WriteHost("file", "text");
  const NodeId node = NodeOf("file");
  ASSERT_TRUE(Chown(node, 7, 8).ok());
  ASSERT_TRUE(Chmod(node, S_IFREG | 02755).ok());
  EXPECT_EQ(Look("file").uid, 7u);
  EXPECT_EQ(Look("file").gid, 8u);
  EXPECT_EQ(Look("file").mode, S_IFREG | 02755u);
  EXPECT_EQ(StatOf("file").st_uid, geteuid());
  EXPECT_EQ(StatOf("file").st_mode, S_IFREG | 0600u);
  ASSERT_TRUE(SetAttr(node, {.valid = abi::FATTR_GID, .gid = 9}).ok());
  EXPECT_EQ(Look("file").uid, 7u);
  EXPECT_EQ(Look("file").gid, 9u);
  EXPECT_EQ(Chown(node, UINT32_MAX, 0).error(), Errno(EINVAL));
}

TEST_P(MappedTest, AChangeOfOwnerOrModeMovesTheTimeOfChangesAlone) {
  const NodeId node = MakeFile("file", 0644);
  const struct stat before = StatOf("file");
  const auto moved = [](const timespec& one, const timespec& other) {
    return one.tv_sec != other.tv_sec || one.tv_nsec != other.tv_nsec;
  };
  // A clock that ticks a hundred times a second, at least.
  struct stat now = before;
  for (int i = 0; i < 1000 && !moved(now.st_ctim, before.st_ctim); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_TRUE(Chmod(node, S_IFREG | 0600).ok());
    now = StatOf("file");
  }
  EXPECT_TRUE(moved(now.st_ctim, before.st_ctim));
  EXPECT_FALSE(moved(now.st_mtim, before.st_mtim));
  EXPECT_EQ(now.st_mode, before.st_mode);
}

TEST_P(MappedTest, TheRootDirectoryHasAttributesToo) {
  ASSERT_TRUE(Chown(kRootNode, 5, 6).ok());
  ASSERT_TRUE(Chmod(kRootNode, S_IFDIR | 0711).ok());
  const auto root = mapped_->GetAttr(context_, kRootNode);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->attr.mode, S_IFDIR | 0711u);
  EXPECT_EQ(root->attr.uid, 5u);
  EXPECT_EQ(ModeOf("."), 0755u);
  EXPECT_TRUE(List(true).empty());
}

TEST_P(MappedTest, AModeCannotChangeATypeAndSizesAndTimesAreTheHosts) {
  const NodeId node = MakeFile("file", 0644);
  ASSERT_TRUE(Chmod(node, S_IFLNK | 0600).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0600u);
  ASSERT_TRUE(
      SetAttr(node, {.valid = abi::FATTR_SIZE | abi::FATTR_MTIME, .size = 77, .mtime = 1000}).ok());
  EXPECT_EQ(StatOf("file").st_size, 77);
  EXPECT_EQ(StatOf("file").st_mtime, 1000);
}

TEST_P(MappedTest, SetIdBitsGoWhenTheOwnerOrTheContentsChange) {
  const NodeId node = MakeFile("file", 0755);
  const auto set = [&] { return Chmod(node, S_IFREG | 06755); };
  const auto opened = mapped_->Open(context_, node, {O_RDWR, 0});
  ASSERT_TRUE(opened.ok());
  char text[] = "x";
  const auto write = [&](uint32_t flags) {
    iovec piece = {text, 1};
    memory::SegmentCursor from(piece);
    return mapped_->Write(context_, node, {.fh = opened->fh, .size = 1, .write_flags = flags}, from)
        .ok();
  };

  ASSERT_TRUE(set().ok());
  ASSERT_TRUE(Chown(node, 1, 1).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0755u);

  ASSERT_TRUE(set().ok());
  EXPECT_TRUE(write(0));
  EXPECT_EQ(GuestMode(node), S_IFREG | 06755u);
  EXPECT_TRUE(write(abi::FUSE_WRITE_KILL_SUIDGID));
  EXPECT_EQ(GuestMode(node), S_IFREG | 0755u);

  ASSERT_TRUE(set().ok());
  ASSERT_TRUE(SetAttr(node, {.valid = abi::FATTR_SIZE | abi::FATTR_KILL_SUIDGID, .size = 5}).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0755u);

  ASSERT_TRUE(set().ok());
  ASSERT_TRUE(mapped_->Open(context_, node, {O_RDWR | O_TRUNC, abi::FUSE_OPEN_KILL_SUIDGID}).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0755u);

  Be(1000, 1000);
  ASSERT_TRUE(set().ok());
  ASSERT_TRUE(mapped_->Fallocate(context_, node, {.fh = opened->fh, .length = 10}).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0755u);
}

TEST_P(MappedTest, TheGuestMayNotBelieveInBitsThatAreClearedHere) {
  Map(GetParam(), {},
      {.timeouts = {.entry = {1, 0}, .attr = {1, 0}, .negative = {0, 0}}, .xattr = true});
  const NodeId node = MakeFile("file", 0755);
  EXPECT_GT(mapped_->GetAttr(context_, node)->attr_valid, 0u);
  for (const uint32_t mode : {04755u, 02755u}) {
    ASSERT_TRUE(Chmod(node, S_IFREG | mode).ok());
    EXPECT_EQ(mapped_->GetAttr(context_, node)->attr_valid, 0u);
    EXPECT_EQ(mapped_->Statx(context_, node, STATX_BASIC_STATS)->attr_valid, 0u);
    EXPECT_EQ(mapped_->Lookup(context_, kRootNode, NameOf("file"))->attr_valid, 0u);
  }
  context_.negotiated = 0;
  EXPECT_GT(mapped_->GetAttr(context_, node)->attr_valid, 0u);
}

TEST_P(MappedTest, ASetGroupIdBitWithoutExecutionStays) {
  const NodeId node = MakeFile("file", 0644);
  ASSERT_TRUE(Chmod(node, S_IFREG | 06644).ok());
  ASSERT_TRUE(Chown(node, 1, 1).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 02644u);
}

TEST_P(MappedTest, ADirectoryHandsItsGroupDown) {
  const NodeId directory = MakeDirectory("directory", 0777);
  ASSERT_TRUE(Chown(directory, 0, 50).ok());
  ASSERT_TRUE(Chmod(directory, S_IFDIR | 02777).ok());
  Be(1000, 1000);
  MakeDirectory("below", 0755, directory);
  EXPECT_EQ(Look("below", directory).gid, 50u);
  EXPECT_EQ(Look("below", directory).mode, S_IFDIR | 02755u);
  // Not for who is no member of the group.
  MakeFile("file", 02755, directory);
  EXPECT_EQ(Look("file", directory).gid, 50u);
  EXPECT_EQ(Look("file", directory).mode, S_IFREG | 0755u);
  Be(1000, 50);
  MakeFile("members", 02755, directory);
  EXPECT_EQ(Look("members", directory).mode, S_IFREG | 02755u);
}

TEST_P(MappedTest, TheMaskOfTheProcessIsApplied) {
  ASSERT_TRUE(
      mapped_->MkDir(context_, kRootNode, NameOf("directory"), {.mode = 0777, .umask = 027}).ok());
  EXPECT_EQ(Look("directory").mode, S_IFDIR | 0750u);
}

TEST_P(MappedTest, AccessIsDecidedByWhatTheGuestSees) {
  const NodeId node = MakeFile("file", 0640);
  ASSERT_TRUE(Chown(node, 1000, 100).ok());
  Be(1000, 1);
  EXPECT_TRUE(mapped_->Access(context_, node, R_OK | W_OK).ok());
  Be(2000, 100);
  EXPECT_TRUE(mapped_->Access(context_, node, R_OK).ok());
  EXPECT_EQ(mapped_->Access(context_, node, W_OK).error(), Errno(EACCES));
  Be(2000, 200);
  EXPECT_EQ(mapped_->Access(context_, node, R_OK).error(), Errno(EACCES));
}

TEST_P(MappedTest, ManyThreadsChangeOneObjectAndNothingIsLost) {
  const NodeId node = MakeFile("file", 0600);
  constexpr uint32_t kTimes = 300;
  const auto change = [&](uint32_t valid) {
    EXPECT_TRUE(identity::KeepSetIdBits(identity::ProcessIdentity::OfCallingThread(), true).ok());
    fuse::RequestContext context = context_;
    for (uint32_t i = 1; i <= kTimes; ++i) {
      EXPECT_TRUE(mapped_
                      ->SetAttr(context, node,
                                {.valid = valid, .mode = S_IFREG | (i & 0777), .uid = i, .gid = i})
                      .ok());
    }
  };
  std::thread users([&] { change(abi::FATTR_UID); });
  std::thread groups([&] { change(abi::FATTR_GID); });
  change(abi::FATTR_MODE);
  users.join();
  groups.join();
  EXPECT_EQ(Look("file").uid, kTimes);
  EXPECT_EQ(Look("file").gid, kTimes);
  EXPECT_EQ(Look("file").mode, S_IFREG | (kTimes & 0777));
}

}  // namespace
}  // namespace vfsd::fs::mapped
