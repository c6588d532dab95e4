// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/sysmacros.h>

#include "exported_directory.h"

namespace vfsd::testing {
namespace {

constexpr int32_t kBringsDescriptor = 0x7fffffff;

class ProxyOpening : public ExportedDirectory {
 protected:
  static int FlagsOf(const FdReply& reply) { return fcntl(reply.fd.get(), F_GETFL); }
};

TEST_F(ProxyOpening, AFileAndADirectoryAreOpened) {
  MakeFile("file", "12345");
  const FdReply file = Open("/file", O_RDONLY);
  EXPECT_EQ(file.status, kBringsDescriptor);
  char bytes[8];
  EXPECT_EQ(read(file.fd.get(), bytes, sizeof bytes), 5);
  const FdReply directory = Open("/", O_DIRECTORY);
  EXPECT_EQ(directory.status, kBringsDescriptor);
  struct stat found;
  ASSERT_EQ(fstat(directory.fd.get(), &found), 0);
  EXPECT_TRUE(S_ISDIR(found.st_mode));
}

TEST_F(ProxyOpening, AFailureBringsAnErrnoAndNoDescriptor) {
  MakeFile("file");
  for (const auto& [path, flags, status] : {std::tuple{"/missing", O_RDONLY, -ENOENT},
                                            {"/file", O_DIRECTORY, -ENOTDIR},
                                            {"/", O_WRONLY, -EISDIR},
                                            {"/file", O_ACCMODE, -EINVAL},
                                            {"/file/x", O_RDONLY, -ENOTDIR}}) {
    const FdReply reply = Open(path, flags);
    EXPECT_EQ(reply.status, status) << path;
    EXPECT_FALSE(reply.fd) << path;
  }
}

TEST_F(ProxyOpening, SpecialFilesAreNotOpenedInAnyWay) {
  ASSERT_EQ(mkfifo(PathOf("fifo").c_str(), 0666), 0);
  ASSERT_EQ(mknod(PathOf("socket").c_str(), S_IFSOCK | 0666, 0), 0);
  const bool has_device = mknod(PathOf("device").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0;
  EXPECT_TRUE(has_device || geteuid() != 0);
  for (const char* path : {"/fifo", "/socket", "/device"}) {
    if (path == std::string("/device") && !has_device) {
      continue;
    }
    for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR, O_PATH, O_RDWR | O_TRUNC | O_NONBLOCK}) {
      EXPECT_EQ(Open(path, flags).status, -ENXIO) << path;
      EXPECT_EQ(Create(path, flags, 0644).status, -ENXIO) << path;
      EXPECT_EQ(Create(path, flags | O_EXCL, 0644).status, -EEXIST) << path;
    }
  }
}

TEST_F(ProxyOpening, ALinkIsNotFollowed) {
  MakeFile("file");
  ASSERT_EQ(symlink("file", PathOf("link").c_str()), 0);
  EXPECT_EQ(Open("/link", O_RDONLY).status, -ELOOP);
  EXPECT_EQ(Create("/link", O_WRONLY, 0644).status, -ELOOP);
  ASSERT_EQ(symlink("new", PathOf("dangling").c_str()), 0);
  EXPECT_EQ(Create("/dangling", O_WRONLY, 0644).status, -ELOOP);
  EXPECT_FALSE(Exists("new"));
}

TEST_F(ProxyOpening, FlagsThatMeanSomethingElseDoNotReachTheHost) {
  MakeFile("file");
  const FdReply direct = Open("/file", O_RDWR | O_DIRECT | O_ASYNC | O_NONBLOCK | O_APPEND);
  EXPECT_EQ(direct.status, kBringsDescriptor);
  EXPECT_EQ(FlagsOf(direct) & (O_DIRECT | O_ASYNC | O_NONBLOCK | O_APPEND), O_APPEND);
  EXPECT_EQ(Open("/missing", O_CREAT | O_WRONLY).status, -ENOENT);
  EXPECT_FALSE(Exists("missing"));
  // An O_PATH descriptor is no way to write; this one is opened as a file.
  const FdReply path = Open("/file", O_PATH);
  EXPECT_EQ(FlagsOf(path) & O_PATH, 0);
  const FdReply unnamed = Open("/", O_TMPFILE | O_RDWR);
  EXPECT_EQ(unnamed.status, -EISDIR);
}

TEST_F(ProxyOpening, WhatIsOpenedForReadingIsNotTruncated) {
  MakeFile("file", "12345");
  EXPECT_EQ(Open("/file", O_RDONLY | O_TRUNC).status, kBringsDescriptor);
  EXPECT_EQ(StatOf("file").st_size, 5);
  EXPECT_EQ(Open("/file", O_WRONLY | O_TRUNC).status, kBringsDescriptor);
  EXPECT_EQ(StatOf("file").st_size, 0);
}

TEST_F(ProxyOpening, SomebodysLeaseHoldsNobodyUp) {
  MakeFile("file");
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before;
  // The lease's holder is told of who wants the file.
  ASSERT_EQ(sigaction(SIGIO, &ignore, &before), 0);
  const UniqueFd holder(open(PathOf("file").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(fcntl(holder.get(), F_SETLEASE, F_RDLCK), 0);
  EXPECT_EQ(Open("/file", O_WRONLY).status, -EAGAIN);
  ASSERT_EQ(fcntl(holder.get(), F_SETLEASE, F_UNLCK), 0);
  EXPECT_EQ(Open("/file", O_WRONLY).status, kBringsDescriptor);
  sigaction(SIGIO, &before, nullptr);
}

TEST_F(ProxyOpening, CreateOpensWhatIsThereUnlessItMustBeNew) {
  MakeFile("file", "12345");
  const FdReply opened = Create("/file", O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(opened.status, kBringsDescriptor);
  EXPECT_EQ(StatOf("file").st_size, 5);
  EXPECT_EQ(StatOf("file").st_mode & 07777, 0644u);
  EXPECT_EQ(Create("/file", O_RDWR | O_CREAT | O_EXCL, 0600).status, -EEXIST);
  const FdReply made = Create("/new", O_RDWR | O_APPEND, 0640);
  EXPECT_EQ(made.status, kBringsDescriptor);
  EXPECT_EQ(FlagsOf(made) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND);
  EXPECT_EQ(StatOf("new").st_mode & 07777, 0640u);
  EXPECT_EQ(Create("/missing/new", O_RDWR, 0644).status, -ENOENT);
}

TEST_F(ProxyOpening, ReadOnlyFilesOfOthersAreOpenedWithTheHelpersRights) {
  MakeFile("file");
  ASSERT_EQ(chmod(PathOf("file").c_str(), 0), 0);
  if (geteuid() == 0) {
    EXPECT_EQ(Open("/file", O_RDWR).status, kBringsDescriptor);
  } else {
    EXPECT_EQ(Open("/file", O_RDWR).status, -EACCES);
  }
}

}  // namespace
}  // namespace vfsd::testing
