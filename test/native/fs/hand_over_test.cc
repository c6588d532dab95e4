// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;

constexpr uint64_t kMiB = uint64_t{1} << 20;

class CountedNotices final : public fuse::SleepNotice {
 public:
  void AboutToSleep() override { ++count; }
  int count = 0;
};

/** What lets another thread go on with the queue first, and what is not worth it. */
class HandOver : public testing::ServedDirectory {
 protected:
  void Make(uint64_t size) {
    const auto created =
        fs_->Create(own_context_, kRootNode, NameOf("file"), {.mode = 0600}, {O_RDWR});
    ASSERT_TRUE(created.ok());
    node_ = NodeId{created->entry.nodeid};
    handle_ = created->open.fh;
    EXPECT_EQ(truncate(PathOf("file").c_str(), 0), 0);
    const UniqueFd file(open(PathOf("file").c_str(), O_RDWR | O_CLOEXEC));
    // Of unwritten data a delaying file system does not say how much there is.
    EXPECT_EQ(posix_fallocate(file.get(), 0, static_cast<off_t>(size)), 0);
    notices_.count = 0;
  }

  bool Truncate(uint64_t size, bool by_handle = false) {
    const uint32_t valid = abi::FATTR_SIZE | (by_handle ? abi::FATTR_FH : 0);
    return fs_->SetAttr(own_context_, node_, {.valid = valid, .fh = handle_, .size = size}).ok();
  }

  NodeId node_{};
  uint64_t handle_ = 0;
  CountedNotices notices_;
  fuse::RequestContext own_context_{{}, 0, notices_};
};

TEST_F(HandOver, ATruncationThatFreesMuch) {
  for (const bool by_handle : {false, true}) {
    Make(4 * kMiB);
    EXPECT_TRUE(Truncate(1 * kMiB, by_handle));
    EXPECT_EQ(notices_.count, 1);
    EXPECT_EQ(StatOf("file").st_size, static_cast<off_t>(kMiB));
    unlink(PathOf("file").c_str());
  }
}

TEST_F(HandOver, NotATruncationThatFreesLittleOrNothing) {
  Make(4 * kMiB);
  EXPECT_TRUE(Truncate(4 * kMiB - 4096));
  EXPECT_TRUE(Truncate(1024 * kMiB));
  EXPECT_TRUE(Truncate(4 * kMiB));
  EXPECT_EQ(notices_.count, 0);
  EXPECT_EQ(StatOf("file").st_size, static_cast<off_t>(4 * kMiB));
}

TEST_F(HandOver, AnOpenThatFreesMuch) {
  Make(4 * kMiB);
  EXPECT_TRUE(fs_->Open(own_context_, node_, {O_WRONLY, 0}).ok());
  EXPECT_EQ(notices_.count, 0);
  EXPECT_TRUE(fs_->Open(own_context_, node_, {O_WRONLY | O_TRUNC, 0}).ok());
  EXPECT_EQ(notices_.count, 1);
  EXPECT_TRUE(fs_->Open(own_context_, node_, {O_WRONLY | O_TRUNC, 0}).ok());
  EXPECT_EQ(notices_.count, 1) << "nothing is left to free";
  EXPECT_EQ(StatOf("file").st_size, 0);
}

TEST_F(HandOver, AChangeThatAServerHasToMake) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  EXPECT_FALSE(TraitsOf(OpenPath("/tmp").get()).asks_server);
  // The thread's own mounts, which end with it.
  std::thread([this] {
    if (unshare(CLONE_NEWNS) != 0) {
      GTEST_SKIP() << "no mounts here";
    }
    ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    const UniqueFd device(open("/dev/fuse", O_RDWR | O_CLOEXEC));
    // Nobody answers. Another user is not told more than what it is.
    const std::string options =
        "fd=" + std::to_string(device.get()) + ",rootmode=40000,user_id=1,group_id=1";
    const char* const directory = directory_.c_str();
    if (device.get() < 0 || mount("none", directory, "fuse", 0, options.c_str()) != 0) {
      GTEST_SKIP() << "no FUSE here";
    }
    EXPECT_TRUE(TraitsOf(OpenPath(directory).get()).asks_server);
    EXPECT_EQ(umount2(directory, MNT_DETACH), 0);
  }).join();
}

}  // namespace
}  // namespace vfsd::fs::passthrough
