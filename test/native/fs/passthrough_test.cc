// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/passthrough.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "fs/passthrough/open_files.h"
#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;

class PassthroughTest : public testing::ServedDirectory {
 protected:
  using ServedDirectory::Begin;

  Status Begin(int64_t fd_limit, size_t inode_limit = kMaxInodes) {
    Options options;
    options.guest_fd_limit = fd_limit;
    options.inode_limit = inode_limit;
    return Begin(options);
  }

  Result<fuse::Created> Create(std::string_view name, uint32_t flags = O_RDWR) {
    return fs_->Create(context_, kRootNode, NameOf(name), {.mode = 0600}, {flags, 0});
  }
};

TEST_F(PassthroughTest, WhatTheBudgetForbidsIsNotMade) {
  ASSERT_TRUE(Begin(1).ok());
  EXPECT_EQ(Create("file").error(), Errno(EMFILE));
  EXPECT_FALSE(Exists("file"));
  ASSERT_TRUE(fs_->MkDir(context_, kRootNode, NameOf("first"), {.mode = 0755}).ok());
  EXPECT_EQ(fs_->MkDir(context_, kRootNode, NameOf("second"), {.mode = 0755}).error(),
            Errno(EMFILE));
  EXPECT_EQ(fs_->Symlink(context_, kRootNode, NameOf("link"), "x", {}).error(), Errno(EMFILE));
  EXPECT_FALSE(Exists("second"));
}

TEST_F(PassthroughTest, TheGuestKnowsAsManyInodesAsItMay) {
  ASSERT_TRUE(Begin(1000, 1).ok());
  const auto created = Create("file");
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(mkdir(PathOf("host").c_str(), 0755), 0);
  EXPECT_EQ(fs_->Lookup(context_, kRootNode, NameOf("host")).error(), Errno(ENFILE));
  EXPECT_FALSE(Create("second").ok());
  EXPECT_EQ(fs_->MkDir(context_, kRootNode, NameOf("third"), {.mode = 0755}).error(),
            Errno(ENFILE));
  EXPECT_FALSE(Exists("second"));
  EXPECT_FALSE(Exists("third"));
  EXPECT_TRUE(fs_->Lookup(context_, kRootNode, NameOf("file")).ok());
  fs_->Forget(NodeId{created->entry.nodeid}, 2);
  EXPECT_TRUE(fs_->Lookup(context_, kRootNode, NameOf("host")).ok());
  fs_->Reset();
  EXPECT_TRUE(fs_->Lookup(context_, kRootNode, NameOf("file")).ok());
}

TEST_F(PassthroughTest, AFullBudgetHasRoomAgainWhenTheGuestForgets) {
  ASSERT_TRUE(Begin(2).ok());
  const auto created = Create("file");
  ASSERT_TRUE(created.ok());
  const NodeId node{created->entry.nodeid};
  EXPECT_EQ(fs_->Open(context_, node, {O_RDONLY, 0}).error(), Errno(EMFILE));
  EXPECT_TRUE(fs_->Release(context_, node, {.fh = created->open.fh}).ok());
  EXPECT_TRUE(fs_->Open(context_, node, {O_RDONLY, 0}).ok());
}

TEST_F(PassthroughTest, ProcfsIsNotServed) {
  EXPECT_EQ(fs_->Open(OpenPath("/proc")).error(), Errno(EACCES));
  // As it is seen where a share has a procfs mounted in it.
  Passthrough outer({.guest_fd_limit = 100}, sys::ProcSelfFd(OpenPath("/proc/self/fd")),
                    identity::ProcessIdentity::OfCallingThread());
  ASSERT_TRUE(outer.Open(OpenPath("/")).ok());
  EXPECT_EQ(outer.Lookup(context_, kRootNode, NameOf("proc")).error(), Errno(EACCES));
}

TEST_F(PassthroughTest, AGuestThatForgetsWhatItIsCreatingFindsNothingToBreak) {
  std::atomic<bool> done = false;
  // Nodeids are predictable: a slot, and how often it was used.
  std::thread forgetful([&] {
    for (uint64_t generation = 0; !done.load(); generation = (generation + 1) % 4096) {
      for (const uint64_t slot : {2u, 3u}) {
        fs_->Forget(NodeId{generation << 32 | slot}, 1);
      }
    }
  });
  for (int i = 0; i < 5000; ++i) {
    const auto created = Create("file");
    if (created) {
      const NodeId node{created->entry.nodeid};
      EXPECT_TRUE(fs_->Release(context_, node, {.fh = created->open.fh}).ok());
      fs_->Forget(node, 1);
    }
    unlink(PathOf("file").c_str());
  }
  done = true;
  forgetful.join();
}

TEST_F(PassthroughTest, AParentCanBeRenamedWhileOthersWorkBelowIt) {
  // CVE-2018-19364, CVE-2018-19489, CVE-2021-20181, CVE-2026-48004, CVE-2026-93834: what a path
  // string of each inode led to. The race detector watches.
  const auto parent = fs_->MkDir(context_, kRootNode, NameOf("parent"), {.mode = 0755});
  ASSERT_TRUE(parent.ok());
  const NodeId node{parent->nodeid};
  std::atomic<bool> done = false;
  std::thread renames([&] {
    testing::AwakeAlways sleep;
    fuse::RequestContext context{{}, 0, sleep};
    const fuse::Name names[] = {NameOf("parent"), NameOf("other")};
    for (size_t turn = 0; !done.load(); ++turn) {
      EXPECT_TRUE(
          fs_->Rename(context, kRootNode, names[turn % 2], kRootNode, names[(turn + 1) % 2], 0)
              .ok());
    }
  });
  std::thread lookups([&] {
    testing::AwakeAlways sleep;
    fuse::RequestContext context{{}, 0, sleep};
    while (!done.load()) {
      for (const char* name : {"parent", "other"}) {
        const auto found = fs_->Lookup(context, kRootNode, NameOf(name));
        if (found) {
          EXPECT_EQ(found->nodeid, parent->nodeid);
          fs_->Forget(NodeId{found->nodeid}, 1);
        }
      }
    }
  });
  for (int turn = 0; turn < 1000; ++turn) {
    const auto created =
        fs_->Create(context_, node, NameOf("file"), {.mode = 0600}, {O_RDWR | O_EXCL, 0});
    ASSERT_TRUE(created.ok());
    const NodeId file{created->entry.nodeid};
    EXPECT_TRUE(fs_->Release(context_, file, {.fh = created->open.fh}).ok());
    const auto opened = fs_->Open(context_, file, {O_RDONLY, 0});
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE(fs_->Release(context_, file, {.fh = opened->fh}).ok());
    EXPECT_TRUE(fs_->Unlink(context_, node, NameOf("file")).ok());
    fs_->Forget(file, 1);
  }
  done = true;
  renames.join();
  lookups.join();
}

TEST_F(PassthroughTest, WhetherWhatExistsMayBeOpenedIsTheGuestsToDecide) {
  ASSERT_TRUE(Create("file").ok());
  EXPECT_EQ(Create("file").error(), Errno(ESTALE));
  EXPECT_EQ(Create("file", O_RDONLY).error(), Errno(ESTALE));
  EXPECT_EQ(Create("file", O_RDWR | O_EXCL).error(), Errno(EEXIST));
}

TEST_F(PassthroughTest, AnOpenWaitsForALeaseOfTheHostToEnd) {
  const auto created = Create("file");
  ASSERT_TRUE(created.ok());
  const NodeId node{created->entry.nodeid};
  ASSERT_TRUE(fs_->Release(context_, node, {.fh = created->open.fh}).ok());
  const UniqueFd leased(open(PathOf("file").c_str(), O_RDWR | O_CLOEXEC));
  // Whoever breaks a lease is announced to its holder by SIGIO, which ends a process by default.
  const auto previous = std::signal(SIGIO, SIG_IGN);
  if (fcntl(leased.get(), F_SETLEASE, F_WRLCK) != 0) {
    std::signal(SIGIO, previous);
    GTEST_SKIP() << "no leases on /tmp's file system";
  }
  Status opened = Errno(EINPROGRESS);
  std::thread opener([&] {
    const auto answer = fs_->Open(context_, node, {O_RDONLY, 0});
    opened = answer ? Status() : Status(answer.error());
  });
  while (fcntl(leased.get(), F_GETLEASE) == F_WRLCK) {
    std::this_thread::yield();
  }
  EXPECT_EQ(fcntl(leased.get(), F_SETLEASE, F_UNLCK), 0);
  opener.join();
  std::signal(SIGIO, previous);
  EXPECT_TRUE(opened.ok());
}

TEST_F(PassthroughTest, ATruncatingOpenByAUserTakesTheSetUserIdBit) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root has the capability that keeps the bit";
  }
  const auto created = Create("file");
  ASSERT_TRUE(created.ok());
  const auto mode_after = [&](uint32_t uid) {
    EXPECT_EQ(chmod(PathOf("file").c_str(), 06777), 0);
    context_.caller.uid = identity::GuestUid{uid};
    EXPECT_TRUE(fs_->Open(context_, NodeId{created->entry.nodeid}, {O_WRONLY | O_TRUNC, 0}).ok());
    struct stat file;
    EXPECT_EQ(stat(PathOf("file").c_str(), &file), 0);
    return file.st_mode & 07777u;
  };
  EXPECT_EQ(mode_after(0), 06777u);
  EXPECT_EQ(mode_after(1000), 0777u);
}

}  // namespace
}  // namespace vfsd::fs::passthrough
