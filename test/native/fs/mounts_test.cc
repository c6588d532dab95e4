// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "gtest/gtest.h"
#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

class MountsTest : public ::testing::Test {
 protected:
  static UniqueFd OpenPath(const char* path) { return UniqueFd(open(path, O_PATH | O_CLOEXEC)); }

  const Mount& Meet(const char* path) {
    return mounts_.Meet(kId, kDevice, OpenPath(path).get(), S_IFDIR, {});
  }

  // A number that the host's kernel gives to one mount after another.
  static constexpr uint64_t kId = 7;
  static constexpr uint64_t kDevice = 70;
  const sys::ProcSelfFd proc_self_fd_{OpenPath("/proc/self/fd")};
  Mounts mounts_{InodeFileHandles::kNever, proc_self_fd_};
};

TEST_F(MountsTest, AMountIsMetOnce) {
  const Mount& mount = Meet("/tmp");
  EXPECT_EQ(&Meet("/tmp"), &mount);
  EXPECT_EQ(mounts_.Find(kId, kDevice), &mount);
  EXPECT_EQ(mounts_.Find(kId, kDevice + 1), nullptr);
}

TEST_F(MountsTest, AProcfsThatIsMountedWhereAnotherFileSystemWasIsMetAsProcfs) {
  const Mount& gone = Meet("/tmp");
  EXPECT_FALSE(gone.MayBeAnother(OpenPath("/tmp").get()));
  EXPECT_TRUE(gone.MayBeAnother(OpenPath("/proc").get()));
  const Mount& met = Meet("/proc");
  EXPECT_TRUE(met.traits.shows_processes);
  EXPECT_EQ(mounts_.Find(kId, kDevice), &met);
  EXPECT_FALSE(gone.traits.shows_processes) << "what was found on it keeps what was known";
}

class ServedMounts : public testing::ServedDirectory {};

TEST_F(ServedMounts, AProcfsInThePlaceOfAFileSystemThatWasServedIsNotServed) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  ASSERT_EQ(mkdir(PathOf("sub").c_str(), 0755), 0);
  // The thread's own mounts, which end with it.
  std::thread([this] {
    if (unshare(CLONE_NEWNS) != 0) {
      GTEST_SKIP() << "no mounts here";
    }
    const std::string sub = PathOf("sub");
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    Serve({.inode_file_handles = InodeFileHandles::kNever});
    ASSERT_EQ(mount("none", sub.c_str(), "tmpfs", 0, nullptr), 0);
    const auto entry = fs_->Lookup(context_, fuse::kRootNode, NameOf("sub"));
    ASSERT_TRUE(entry.ok());
    fs_->Forget(fuse::NodeId{entry->nodeid}, 1);
    ASSERT_EQ(umount2(sub.c_str(), 0), 0);
    ASSERT_EQ(mount("none", sub.c_str(), "proc", 0, nullptr), 0);
    const auto processes = fs_->Lookup(context_, fuse::kRootNode, NameOf("sub"));
    EXPECT_FALSE(processes.ok());
    EXPECT_EQ(processes.ok() ? Errno(0) : processes.error(), Errno(EACCES));
    fs_.reset();
  }).join();
}

}  // namespace
}  // namespace vfsd::fs::passthrough
