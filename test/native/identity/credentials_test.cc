// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace vfsd::identity {
namespace {

constexpr uint64_t kFsetid = 1ull << CAP_FSETID;

uint64_t Effective() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  EXPECT_EQ(syscall(SYS_capget, &header, sets), 0);
  return sets[0].effective | static_cast<uint64_t>(sets[1].effective) << 32;
}

/** Everything is done on a thread of its own: capabilities, masks and ids are kept for each. */
void OnAThread(const std::function<void()>& work) {
  std::thread(work).join();
}

class CredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can be somebody else";
    }
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    ASSERT_EQ(chmod(directory_.c_str(), 0777), 0);
  }
  void TearDown() override { EXPECT_EQ(std::system(("rm -rf " + directory_).c_str()), 0); }

  struct stat Make(const std::string& name, mode_t mode = 0666) const {
    const std::string path = directory_ + "/" + name;
    const UniqueFd file(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
    EXPECT_TRUE(file);
    struct stat made = {};
    EXPECT_EQ(fstat(file.get(), &made), 0);
    return made;
  }

  std::string directory_ = "/tmp/vfsd-credentials.XXXXXX";
};

TEST_F(CredentialsTest, WhatIsMadeBelongsToTheAssumedUserAndAfterwardsToTheDaemonAgain) {
  for (const bool fixup : {true, false}) {
    OnAThread([&] {
      ASSERT_EQ(prctl(PR_SET_SECUREBITS, fixup ? 0 : SECBIT_NO_SETUID_FIXUP, 0, 0, 0), 0);
      const ProcessIdentity process = ProcessIdentity::OfCallingThread();
      EXPECT_EQ(process.keeps_capabilities, !fixup);
      const std::string suffix = fixup ? "with fixup" : "without";
      {
        const auto identity = ScopedIdentity::Assume(process, GuestUid{1234}, GuestGid{5678});
        ASSERT_TRUE(identity.ok());
        // A directory that only root may write to: the capabilities have stayed.
        ASSERT_EQ(chmod(directory_.c_str(), 0700), 0);
        const struct stat made = Make("by the user " + suffix);
        EXPECT_EQ(made.st_uid, 1234u);
        EXPECT_EQ(made.st_gid, 5678u);
      }
      UseGroup(process, GuestGid{0});
      const struct stat made = Make("by the daemon " + suffix);
      EXPECT_EQ(made.st_uid, 0u);
      EXPECT_EQ(made.st_gid, 0u);
      EXPECT_EQ(Effective(), process.permitted);
    });
  }
}

TEST_F(CredentialsTest, IdsThatAreNobodysAreRefused) {
  ProcessIdentity process = ProcessIdentity::OfCallingThread();
  EXPECT_EQ(ScopedIdentity::Assume(process, GuestUid{UINT32_MAX}, GuestGid{0}).error(),
            Errno(EINVAL));
  EXPECT_EQ(ScopedIdentity::Assume(process, GuestUid{0}, GuestGid{UINT32_MAX}).error(),
            Errno(EINVAL));
}

TEST_F(CredentialsTest, IdsThatTheUserNamespaceDoesNotMapAreRefused) {
  const std::string map = directory_ + "/map";
  const UniqueFd file(open(map.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  const std::string text = "         0       1000          1\n      1000     100000      65536\n";
  ASSERT_EQ(write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  const IdRanges ranges = IdRanges::Read(map.c_str());
  for (const auto& [id, there] :
       {std::pair(0u, true), std::pair(1u, false), std::pair(999u, false), std::pair(1000u, true),
        std::pair(66535u, true), std::pair(66536u, false), std::pair(UINT32_MAX, false)}) {
    EXPECT_EQ(ranges.Contain(id), there) << id;
  }
  ProcessIdentity process = ProcessIdentity::OfCallingThread();
  process.uids = ranges;
  EXPECT_EQ(ScopedIdentity::Assume(process, GuestUid{5}, GuestGid{5}).error(), Errno(EOVERFLOW));
  process.gids = ranges;
  EXPECT_EQ(ScopedIdentity::Assume(process, GuestUid{0}, GuestGid{5}).error(), Errno(EOVERFLOW));
}

TEST_F(CredentialsTest, AmongStrangersTheGroupIsTheDaemonsOwnAgain) {
  OnAThread([&] {
    ASSERT_EQ(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), 0);
    ProcessIdentity process = ProcessIdentity::OfCallingThread();
    if (process.has_strangers()) {
      GTEST_SKIP() << "this is a user namespace itself";
    }
    const std::string map = directory_ + "/map";
    const UniqueFd file(open(map.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ASSERT_EQ(write(file.get(), "0 0 60000\n", 10), 10);
    process.gids = IdRanges::Read(map.c_str());
    ASSERT_TRUE(process.has_strangers());
    {
      const auto identity = ScopedIdentity::Assume(process, GuestUid{1234}, GuestGid{5678});
      ASSERT_TRUE(identity.ok());
      EXPECT_EQ(Make("theirs").st_gid, 5678u);
    }
    EXPECT_EQ(Make("ours").st_gid, 0u);
    UseGroup(process, GuestGid{5678});
    EXPECT_EQ(Make("ours again").st_gid, 0u);
  });
}

TEST_F(CredentialsTest, RootWhoMayBeNobodyElseMakesNothingForOthers) {
  ProcessIdentity process = ProcessIdentity::OfCallingThread();
  process.can_switch = false;
  EXPECT_EQ(ScopedIdentity::Assume(process, GuestUid{1000}, GuestGid{0}).error(), Errno(EPERM));
  EXPECT_EQ(ScopedIdentity::Assume(process, GuestUid{0}, GuestGid{1000}).error(), Errno(EPERM));
  EXPECT_TRUE(ScopedIdentity::Assume(process, GuestUid{0}, GuestGid{0}).ok());
  process.uid = HostUid{1000};
  EXPECT_TRUE(ScopedIdentity::Assume(process, GuestUid{7}, GuestGid{7}).ok());
}

TEST_F(CredentialsTest, SetIdBitsSurviveAWriteOrNotAsDecided) {
  OnAThread([&] {
    const ProcessIdentity process = ProcessIdentity::OfCallingThread();
    const std::string path = directory_ + "/file";
    Make("file");
    const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    const auto mode_after_write = [&] {
      EXPECT_EQ(fchmod(file.get(), 06777), 0);
      EXPECT_EQ(write(file.get(), "x", 1), 1);
      struct stat written;
      EXPECT_EQ(fstat(file.get(), &written), 0);
      return written.st_mode & 07777u;
    };
    EXPECT_EQ(mode_after_write(), 06777u);
    ASSERT_TRUE(KeepSetIdBits(process, false).ok());
    EXPECT_EQ(Effective(), process.permitted & ~kFsetid);
    EXPECT_EQ(mode_after_write(), 0777u);
    ASSERT_TRUE(KeepSetIdBits(process, false).ok());
    EXPECT_EQ(mode_after_write(), 0777u);
    ASSERT_TRUE(KeepSetIdBits(process, true).ok());
    EXPECT_EQ(mode_after_write(), 06777u);
  });
}

TEST_F(CredentialsTest, TheDecisionOutlivesASwitchOfTheUser) {
  for (const bool fixup : {true, false}) {
    OnAThread([&] {
      ASSERT_EQ(prctl(PR_SET_SECUREBITS, fixup ? 0 : SECBIT_NO_SETUID_FIXUP, 0, 0, 0), 0);
      const ProcessIdentity process = ProcessIdentity::OfCallingThread();
      ASSERT_TRUE(KeepSetIdBits(process, false).ok());
      {
        const auto identity = ScopedIdentity::Assume(process, GuestUid{1234}, GuestGid{5678});
        ASSERT_TRUE(identity.ok());
        EXPECT_EQ(Effective(), process.permitted & ~kFsetid);
      }
      ASSERT_TRUE(KeepSetIdBits(process, false).ok());
      EXPECT_EQ(Effective(), process.permitted & ~kFsetid);
      ASSERT_TRUE(KeepSetIdBits(process, true).ok());
      EXPECT_EQ(Effective(), process.permitted);
    });
  }
}

TEST_F(CredentialsTest, AThreadHasAMaskOfItsOwn) {
  OnAThread([&] {
    ASSERT_TRUE(SetThreadUmask(0).ok());
    OnAThread([&] {
      ASSERT_TRUE(SetThreadUmask(027).ok());
      EXPECT_EQ(Make("masked", 0777).st_mode & 0777u, 0750u);
      ASSERT_TRUE(SetThreadUmask(0).ok());
      EXPECT_EQ(Make("unmasked", 0777).st_mode & 0777u, 0777u);
      ASSERT_TRUE(SetThreadUmask(077).ok());
    });
    const mode_t ours = umask(022);
    umask(ours);
    EXPECT_NE(ours, 077u);
  });
}

}  // namespace
}  // namespace vfsd::identity
