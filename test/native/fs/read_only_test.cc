// SPDX-License-Identifier: Apache-2.0
#include "fs/read_only.h"

#include <fcntl.h>
#include <linux/fs.h>

#include "gtest/gtest.h"
#include "one_file.h"

namespace vfsd::fs {
namespace {

using fuse::kRootNode;
using fuse::Name;
using testing::OneFile;

class ReadOnlyTest : public ::testing::Test {
 protected:
  ~ReadOnlyTest() override { EXPECT_EQ(host_.lookups, 0) << "nothing is left looked up"; }

  int Create(const Name& name, uint32_t flags) {
    const auto created = fs_.Create(context_, kRootNode, name, {}, {flags, 0});
    if (created) {
      fs_.Forget(fuse::NodeId{created->entry.nodeid}, 1);
    }
    return created ? 0 : created.error().value();
  }

  Result<size_t> Ioctl(uint64_t command) {
    return fs_.Ioctl(context_, OneFile::kFile, {.cmd = static_cast<uint32_t>(command)}, {}, {});
  }

  testing::AwakeAlways sleep_;
  fuse::RequestContext context_{{}, 0, sleep_};
  OneFile host_;
  ReadOnly fs_{host_};
  const Name file_ = *Name::Check("file");
  const Name new_ = *Name::Check("new");
};

TEST_F(ReadOnlyTest, CreateMakesAndChangesNothing) {
  EXPECT_EQ(Create(new_, O_RDONLY), EROFS);
  EXPECT_EQ(Create(new_, O_RDONLY | O_EXCL), EROFS);
  EXPECT_EQ(Create(file_, O_WRONLY), EROFS);
  EXPECT_EQ(Create(file_, O_RDONLY | O_TRUNC), EROFS);
  EXPECT_EQ(Create(file_, O_RDONLY | O_EXCL), EEXIST);
  host_.remembers_missing = true;
  EXPECT_EQ(Create(new_, O_RDONLY), EROFS);
  EXPECT_TRUE(host_.calls.empty());
}

TEST_F(ReadOnlyTest, CreateLeavesItToTheGuestWhoMayOpenWhatExists) {
  EXPECT_EQ(Create(file_, O_RDONLY), ESTALE);
  EXPECT_TRUE(host_.calls.empty());
}

TEST_F(ReadOnlyTest, OnlyIoctlsThatAskArePassedOn) {
  for (const auto asks : {FS_IOC_GETFLAGS, FS_IOC_FSGETXATTR, FS_IOC_GETVERSION}) {
    EXPECT_TRUE(Ioctl(asks).ok());
  }
  host_.calls.clear();
  for (const auto changes : {FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR}) {
    EXPECT_EQ(Ioctl(changes).error(), Errno(EROFS));
  }
  EXPECT_EQ(Ioctl(12345ul).error(), Errno(ENOTTY));
  EXPECT_TRUE(host_.calls.empty());
}

}  // namespace
}  // namespace vfsd::fs
