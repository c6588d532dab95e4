// SPDX-License-Identifier: Apache-2.0
#include "sys/proc_self_fd.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <cstddef>
#include <thread>

#include "gtest/gtest.h"

namespace vfsd::sys {
namespace {

/** What the calling thread is answered to the calls that take a descriptor itself; 0: they run. */
void AnswerNewerCalls(uint32_t error) {
  if (error == 0) {
    return;
  }
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_tree, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchmodat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {static_cast<unsigned short>(std::size(program)), program};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

/** Each answer in a thread of its own, since a filter stays. */
class ProcSelfFdTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  template <typename Check>
  static void InThread(Check check) {
    std::thread([&] {
      AnswerNewerCalls(GetParam());
      check(ProcSelfFd(UniqueFd(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC))));
    }).join();
  }

  static struct stat StatOf(int fd) {
    struct stat found = {};
    EXPECT_EQ(fstat(fd, &found), 0);
    return found;
  }
};

TEST_P(ProcSelfFdTest, AnOpenFileHasAnOPathDescriptorEvenWithoutAName) {
  InThread([](const ProcSelfFd& proc) {
    const UniqueFd file(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    ASSERT_GE(file.get(), 0);
    const Result<UniqueFd> path = proc.OpenPath(file.get());
    ASSERT_TRUE(path.ok());
    EXPECT_EQ(StatOf(path->get()).st_ino, StatOf(file.get()).st_ino);
    EXPECT_EQ(StatOf(path->get()).st_dev, StatOf(file.get()).st_dev);
    EXPECT_EQ(fcntl(path->get(), F_GETFL) & (O_PATH | O_ACCMODE), O_PATH);
    EXPECT_EQ(fcntl(path->get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(proc.OpenPath(-1).ok(), false);
  });
}

TEST_P(ProcSelfFdTest, AModeIsChangedByAnOPathDescriptor) {
  InThread([](const ProcSelfFd& proc) {
    const UniqueFd file(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    const Result<UniqueFd> path = proc.Reopen(file.get(), O_PATH);
    ASSERT_TRUE(path.ok());
    EXPECT_TRUE(proc.ChangeMode(path->get(), 0640).ok());
    EXPECT_EQ(StatOf(file.get()).st_mode & 07777u, 0640u);
  });
}

TEST_P(ProcSelfFdTest, AModeOfASymbolicLinkIsNotItsTargets) {
  InThread([](const ProcSelfFd& proc) {
    std::string directory = "/tmp/vfsd-proc-self-fd.XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    const std::string file = directory + "/file";
    const std::string link = directory + "/link";
    EXPECT_TRUE(UniqueFd(open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).get() >= 0);
    EXPECT_EQ(symlink("file", link.c_str()), 0);
    const UniqueFd path(open(link.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    EXPECT_EQ(proc.ChangeMode(path.get(), 0644).error(), Errno(EOPNOTSUPP));
    struct stat found = {};
    EXPECT_EQ(stat(file.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777u, 0600u);
    EXPECT_EQ(unlink(link.c_str()) + unlink(file.c_str()) + rmdir(directory.c_str()), 0);
  });
}

// An older kernel, and a filter around the daemon that denies what it does not know.
INSTANTIATE_TEST_SUITE_P(Calls, ProcSelfFdTest,
                         ::testing::Values(0u, uint32_t{ENOSYS}, uint32_t{EPERM}));

}  // namespace
}  // namespace vfsd::sys
