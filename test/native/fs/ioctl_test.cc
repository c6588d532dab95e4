// SPDX-License-Identifier: Apache-2.0
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <array>
#include <cstring>

#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;

class IoctlTest : public testing::ServedDirectory {
 protected:
  IoctlTest() {
    const auto made = fs_->Create(context_, kRootNode, NameOf("file"), {.mode = 0644}, {O_RDWR, 0});
    EXPECT_TRUE(made.ok());
    node_ = NodeId{made->entry.nodeid};
    handle_ = made->open.fh;
  }

  template <typename T>
  Result<T> Get(uint32_t command) {
    T value = {};
    const auto filled = fs_->Ioctl(context_, node_, {.fh = handle_, .cmd = command}, {},
                                   std::as_writable_bytes(std::span(&value, 1)));
    if (!filled) {
      return filled.error();
    }
    EXPECT_EQ(*filled, sizeof value);
    return value;
  }

  template <typename T>
  Status Set(uint32_t command, const T& value) {
    const auto filled = fs_->Ioctl(context_, node_, {.fh = handle_, .cmd = command},
                                   std::as_bytes(std::span(&value, 1)), {});
    return filled ? Status() : Status(filled.error());
  }

  int FlagsOnTheHost() const {
    const UniqueFd file(open(PathOf("file").c_str(), O_RDONLY | O_CLOEXEC));
    int flags = -1;
    EXPECT_EQ(ioctl(file.get(), FS_IOC_GETFLAGS, &flags), 0);
    return flags;
  }

  NodeId node_{};
  uint64_t handle_ = 0;
};

TEST_F(IoctlTest, FlagsAreReadAndSet) {
  const auto flags = Get<int>(FS_IOC_GETFLAGS);
  if (!flags) {
    GTEST_SKIP() << "no file flags on /tmp's file system";
  }
  EXPECT_EQ(*flags, FlagsOnTheHost());
  ASSERT_TRUE(Set(FS_IOC_SETFLAGS, *flags | FS_NODUMP_FL).ok());
  EXPECT_EQ(FlagsOnTheHost(), *flags | FS_NODUMP_FL);
  auto attributes = Get<fsxattr>(FS_IOC_FSGETXATTR);
  ASSERT_TRUE(attributes.ok());
  EXPECT_NE(attributes->fsx_xflags & FS_XFLAG_NODUMP, 0u);
  attributes->fsx_xflags &= ~FS_XFLAG_NODUMP;
  ASSERT_TRUE(Set(FS_IOC_FSSETXATTR, *attributes).ok());
  EXPECT_EQ(FlagsOnTheHost(), *flags);
}

TEST_F(IoctlTest, AFileThatOnlyGrowsIsOpenedByWhoAppends) {
  const UniqueFd file(open(PathOf("file").c_str(), O_RDONLY | O_CLOEXEC));
  int flags = FS_APPEND_FL;
  if (ioctl(file.get(), FS_IOC_SETFLAGS, &flags) != 0) {
    GTEST_SKIP() << "no append-only files here";
  }
  EXPECT_EQ(fs_->Open(context_, node_, {O_WRONLY, 0}).error(), Errno(EPERM));
  const auto opened = fs_->Open(context_, node_, {O_WRONLY | O_APPEND, 0});
  flags = 0;
  ASSERT_EQ(ioctl(file.get(), FS_IOC_SETFLAGS, &flags), 0);
  EXPECT_TRUE(opened.ok());
}

TEST_F(IoctlTest, TheHostsProjectIsNotTheGuestsToChange) {
  const auto flags = Get<int>(FS_IOC_GETFLAGS);
  auto attributes = Get<fsxattr>(FS_IOC_FSGETXATTR);
  if (!flags || !attributes) {
    GTEST_SKIP() << "no file flags on /tmp's file system";
  }
  EXPECT_EQ(Set(FS_IOC_SETFLAGS, *flags ^ FS_PROJINHERIT_FL).error(), Errno(EPERM));
  attributes->fsx_projid ^= 1;
  EXPECT_EQ(Set(FS_IOC_FSSETXATTR, *attributes).error(), Errno(EPERM));
  attributes->fsx_projid ^= 1;
  attributes->fsx_xflags ^= FS_XFLAG_PROJINHERIT;
  EXPECT_EQ(Set(FS_IOC_FSSETXATTR, *attributes).error(), Errno(EPERM));
}

TEST_F(IoctlTest, OtherCommandsAreNotThere) {
  using Room = std::array<char, 64>;
  for (const uint32_t command : {uint32_t{FIONREAD}, uint32_t{FS_IOC_FIEMAP}, uint32_t{FICLONE},
                                 uint32_t{FS_IOC_SETVERSION}, 0u, UINT32_MAX}) {
    EXPECT_EQ(Get<Room>(command).error(), Errno(ENOTTY)) << command;
  }
}

TEST_F(IoctlTest, WhatIsTooShortIsRefused) {
  EXPECT_EQ(Get<char>(FS_IOC_GETFLAGS).error(), Errno(EINVAL));
  EXPECT_EQ(Get<int>(FS_IOC_FSGETXATTR).error(), Errno(EINVAL));
  EXPECT_EQ(Set(FS_IOC_SETFLAGS, 'x').error(), Errno(EINVAL));
  EXPECT_EQ(Set(FS_IOC_FSSETXATTR, 1).error(), Errno(EINVAL));
}

TEST_F(IoctlTest, ADirectorysHandleIsTakenAsOneOnly) {
  const auto directory = fs_->OpenDir(context_, kRootNode);
  ASSERT_TRUE(directory.ok());
  int flags = 0;
  const auto output = std::as_writable_bytes(std::span(&flags, 1));
  const abi::fuse_ioctl_in as_file = {.fh = directory->fh, .cmd = FS_IOC_GETFLAGS};
  abi::fuse_ioctl_in as_directory = as_file;
  as_directory.flags = abi::FUSE_IOCTL_DIR;
  EXPECT_EQ(fs_->Ioctl(context_, kRootNode, as_file, {}, output).error(), Errno(EBADF));
  const auto answered = fs_->Ioctl(context_, kRootNode, as_directory, {}, output);
  EXPECT_TRUE(answered.ok() || answered.error() != Errno(EBADF));
  EXPECT_EQ(fs_->Ioctl(context_, node_, as_directory, {}, output).error(), Errno(EBADF));
}

TEST_F(IoctlTest, StatxKnowsWhenAFileWasMade) {
  struct statx host;
  ASSERT_EQ(statx(AT_FDCWD, PathOf("file").c_str(), 0, STATX_BASIC_STATS | STATX_BTIME, &host), 0);
  const auto answer = fs_->Statx(context_, node_, STATX_BASIC_STATS | STATX_BTIME);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->stat.mask & (STATX_BASIC_STATS | STATX_BTIME),
            host.stx_mask & (STATX_BASIC_STATS | STATX_BTIME));
  EXPECT_EQ(answer->stat.btime.tv_sec, host.stx_btime.tv_sec);
  EXPECT_EQ(answer->stat.btime.tv_nsec, host.stx_btime.tv_nsec);
  EXPECT_EQ(answer->stat.ino, host.stx_ino);
  EXPECT_EQ(answer->stat.mode, host.stx_mode);
}

}  // namespace
}  // namespace vfsd::fs::passthrough
