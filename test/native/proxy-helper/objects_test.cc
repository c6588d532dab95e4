// SPDX-License-Identifier: Apache-2.0
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "exported_directory.h"

namespace vfsd::testing {
namespace {

class ProxyObjects : public ExportedDirectory {};

TEST_F(ProxyObjects, LstatAnswersWhatTheHostSaysInTheClientsOrder) {
  MakeFile("file", "12345");
  const struct stat wanted = StatOf("file");
  const Reply reply = Ask(Type::kLstat, Body().Text("/file"));
  ASSERT_EQ(reply.type, 0u);
  ASSERT_EQ(reply.body.size(), 116u);
  EXPECT_EQ(reply.U64(0), wanted.st_dev);
  EXPECT_EQ(reply.U64(8), wanted.st_ino);
  EXPECT_EQ(reply.U64(16), wanted.st_nlink);
  EXPECT_EQ(reply.U32(24), wanted.st_mode);
  EXPECT_EQ(reply.U32(28), wanted.st_uid);
  EXPECT_EQ(reply.U32(32), wanted.st_gid);
  EXPECT_EQ(reply.U64(36), wanted.st_rdev);
  EXPECT_EQ(reply.U64(44), 5u);
  EXPECT_EQ(reply.U64(52), static_cast<uint64_t>(wanted.st_blksize));
  EXPECT_EQ(reply.U64(60), static_cast<uint64_t>(wanted.st_blocks));
  EXPECT_EQ(reply.U64(68), static_cast<uint64_t>(wanted.st_atim.tv_sec));
  EXPECT_EQ(reply.U64(76), static_cast<uint64_t>(wanted.st_atim.tv_nsec));
  EXPECT_EQ(reply.U64(84), static_cast<uint64_t>(wanted.st_mtim.tv_sec));
  EXPECT_EQ(reply.U64(92), static_cast<uint64_t>(wanted.st_mtim.tv_nsec));
  EXPECT_EQ(reply.U64(100), static_cast<uint64_t>(wanted.st_ctim.tv_sec));
  EXPECT_EQ(reply.U64(108), static_cast<uint64_t>(wanted.st_ctim.tv_nsec));
}

TEST_F(ProxyObjects, LstatSeesALinkAndNotWhatItNames) {
  ASSERT_EQ(symlink("nowhere", PathOf("link").c_str()), 0);
  const Reply reply = Ask(Type::kLstat, Body().Text("/link"));
  ASSERT_EQ(reply.type, 0u);
  EXPECT_TRUE(S_ISLNK(reply.U32(24)));
}

TEST_F(ProxyObjects, StatfsAnswersElevenNumbers) {
  struct statfs wanted;
  ASSERT_EQ(statfs(directory_.c_str(), &wanted), 0);
  const Reply reply = Ask(Type::kStatfs, Body().Text("/"));
  ASSERT_EQ(reply.type, 0u);
  ASSERT_EQ(reply.body.size(), 88u);
  EXPECT_EQ(reply.U64(0), static_cast<uint64_t>(wanted.f_type));
  EXPECT_EQ(reply.U64(8), static_cast<uint64_t>(wanted.f_bsize));
  EXPECT_EQ(reply.U64(16), wanted.f_blocks);
  EXPECT_EQ(reply.U64(40), wanted.f_files);
  EXPECT_EQ(static_cast<uint32_t>(reply.U64(56)), static_cast<uint32_t>(wanted.f_fsid.__val[0]));
  EXPECT_EQ(static_cast<uint32_t>(reply.U64(64)), static_cast<uint32_t>(wanted.f_fsid.__val[1]));
  EXPECT_EQ(reply.U64(72), static_cast<uint64_t>(wanted.f_namelen));
  EXPECT_EQ(reply.U64(80), static_cast<uint64_t>(wanted.f_frsize));
}

TEST_F(ProxyObjects, ChmodSetsAllTwelveBitsAndNoType) {
  MakeFile("file");
  EXPECT_EQ(StatusOf(Type::kChmod, Body().Text("/file").U32(S_IFREG | 04751)), 0);
  EXPECT_EQ(StatOf("file").st_mode, static_cast<mode_t>(S_IFREG | 04751));
}

TEST_F(ProxyObjects, ChmodDoesNotFollowALink) {
  MakeFile("file");
  ASSERT_EQ(symlink("file", PathOf("link").c_str()), 0);
  EXPECT_EQ(StatusOf(Type::kChmod, Body().Text("/link").U32(0600)), -EOPNOTSUPP);
  EXPECT_EQ(StatOf("file").st_mode & 07777, 0644u);
}

TEST_F(ProxyObjects, ChownChangesALinkItselfAndLeavesWhatIsMinusOne) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give things away";
  }
  MakeFile("file");
  ASSERT_EQ(symlink("file", PathOf("link").c_str()), 0);
  EXPECT_EQ(StatusOf(Type::kChown, Body().Text("/link").U32(12).U32(UINT32_MAX)), 0);
  EXPECT_EQ(StatOf("link").st_uid, 12u);
  EXPECT_EQ(StatOf("link").st_gid, 0u);
  EXPECT_EQ(StatOf("file").st_uid, 0u);
}

TEST_F(ProxyObjects, TruncateChangesARegularFileOnly) {
  MakeFile("file", "12345");
  ASSERT_EQ(mkdir(PathOf("directory").c_str(), 0755), 0);
  ASSERT_EQ(mkfifo(PathOf("fifo").c_str(), 0644), 0);
  ASSERT_EQ(symlink("file", PathOf("link").c_str()), 0);
  EXPECT_EQ(StatusOf(Type::kTruncate, Body().Text("/file").U64(2)), 0);
  EXPECT_EQ(StatOf("file").st_size, 2);
  EXPECT_EQ(StatusOf(Type::kTruncate, Body().Text("/directory").U64(0)), -EISDIR);
  EXPECT_EQ(StatusOf(Type::kTruncate, Body().Text("/fifo").U64(0)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kTruncate, Body().Text("/link").U64(0)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kTruncate, Body().Text("/file").U64(UINT64_MAX)), -EINVAL);
  EXPECT_EQ(StatOf("file").st_size, 2);
}

TEST_F(ProxyObjects, UtimeSetsLeavesAndRefuses) {
  MakeFile("file");
  ASSERT_EQ(symlink("file", PathOf("link").c_str()), 0);
  EXPECT_EQ(StatusOf(Type::kUtime, Body().Text("/file").U64(11).U64(12).U64(13).U64(14)), 0);
  EXPECT_EQ(
      StatusOf(Type::kUtime, Body().Text("/file").U64(0).U64(UTIME_OMIT).U64(99).U64(UTIME_OMIT)),
      0);
  EXPECT_EQ(StatOf("file").st_atim.tv_sec, 11);
  EXPECT_EQ(StatOf("file").st_atim.tv_nsec, 12);
  EXPECT_EQ(StatOf("file").st_mtim.tv_sec, 13);
  EXPECT_EQ(StatOf("file").st_mtim.tv_nsec, 14);
  EXPECT_EQ(StatusOf(Type::kUtime, Body().Text("/file").U64(1).U64(1'000'000'000).U64(1).U64(0)),
            -EINVAL);
  EXPECT_EQ(StatusOf(Type::kUtime, Body().Text("/link").U64(5).U64(6).U64(7).U64(8)), 0);
  EXPECT_EQ(StatOf("link").st_mtim.tv_sec, 7);
  EXPECT_EQ(StatOf("file").st_mtim.tv_sec, 13);
}

TEST_F(ProxyObjects, GetversionAsksFilesAndDirectoriesAndNothingElse) {
  MakeFile("file");
  ASSERT_EQ(mkfifo(PathOf("fifo").c_str(), 0644), 0);
  ASSERT_EQ(symlink("file", PathOf("link").c_str()), 0);
  const UniqueFd file(open(PathOf("file").c_str(), O_RDONLY | O_CLOEXEC));
  uint64_t wanted = 0;
  if (ioctl(file.get(), FS_IOC_GETVERSION, &wanted) != 0) {
    wanted = 0;
  }
  for (const auto& [path, version] :
       {std::pair{"/file", wanted}, {"/fifo", uint64_t{0}}, {"/link", uint64_t{0}}}) {
    const Reply reply = Ask(Type::kGetversion, Body().Text(path));
    ASSERT_EQ(reply.type, 0u) << path;
    ASSERT_EQ(reply.body.size(), 8u) << path;
    EXPECT_EQ(reply.U64(0), version) << path;
  }
  EXPECT_EQ(StatusOf(Type::kGetversion, Body().Text("/missing")), -ENOENT);
}

TEST_F(ProxyObjects, WhatIsNotThereIsNotThere) {
  EXPECT_EQ(StatusOf(Type::kLstat, Body().Text("/missing")), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kStatfs, Body().Text("/missing")), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kChmod, Body().Text("/missing").U32(0)), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kChown, Body().Text("/missing").U32(0).U32(0)), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kTruncate, Body().Text("/missing").U64(0)), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kUtime, Body().Text("/missing").U64(0).U64(0).U64(0).U64(0)), -ENOENT);
}

}  // namespace
}  // namespace vfsd::testing
