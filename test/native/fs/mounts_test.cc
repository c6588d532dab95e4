// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gtest/gtest.h"

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

}  // namespace
}  // namespace vfsd::fs::passthrough
