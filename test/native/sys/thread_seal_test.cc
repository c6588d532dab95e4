// SPDX-License-Identifier: Apache-2.0
#include "sys/thread_seal.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "gtest/gtest.h"

namespace vfsd::sys {
namespace {

/** A filter that answers ENOTUNIQ to getppid, which nothing else does. */
SeccompFilter FilterOfGetppid() {
  const std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTUNIQ),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
  EXPECT_EQ(write(file.get(), program.data(), sizeof program),
            static_cast<ssize_t>(sizeof program));
  auto filter = SeccompFilter::Read(file.get());
  EXPECT_TRUE(filter.ok());
  return std::move(*filter);
}

bool IsSealed() {
  return syscall(SYS_getppid) < 0 && errno == ENOTUNIQ;
}

class ThreadSealTest : public testing::Test {
 protected:
  // As the launcher does. It stays, and changes nothing for the other tests.
  void SetUp() override { ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0); }

  void StartThreads(int count) {
    for (int i = 0; i < count; ++i) {
      seal_.Expect();
      threads_.emplace_back([this] {
        seal_.Enter();
        begun_.fetch_add(1);
        sealed_.fetch_add(IsSealed() ? 1 : 0);
      });
    }
  }

  void Join() {
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }

  ThreadSeal seal_;
  std::vector<std::thread> threads_;
  std::atomic<int> begun_ = 0;
  std::atomic<int> sealed_ = 0;
};

TEST_F(ThreadSealTest, EachThreadHasTheFilterBeforeItBegins) {
  StartThreads(5);
  EXPECT_EQ(begun_.load(), 0);
  const SeccompFilter filter = FilterOfGetppid();
  ASSERT_TRUE(seal_.Seal(&filter).ok());
  EXPECT_FALSE(IsSealed()) << "the one that has sealed them has no filter itself";
  Join();
  EXPECT_EQ(begun_.load(), 5);
  EXPECT_EQ(sealed_.load(), 5);
}

TEST_F(ThreadSealTest, AThreadThatComesLateIsSealedToo) {
  seal_.Expect();
  std::thread late([this] {
    usleep(20'000);
    seal_.Enter();
    sealed_.fetch_add(IsSealed() ? 1 : 0);
  });
  const SeccompFilter filter = FilterOfGetppid();
  EXPECT_TRUE(seal_.Seal(&filter).ok());
  late.join();
  EXPECT_EQ(sealed_.load(), 1);
}

TEST_F(ThreadSealTest, WithoutAFilterTheyJustBegin) {
  StartThreads(2);
  ASSERT_TRUE(seal_.Seal(nullptr).ok());
  Join();
  EXPECT_EQ(begun_.load(), 2);
  EXPECT_EQ(sealed_.load(), 0);
}

TEST_F(ThreadSealTest, ReleaseLetsThemEnd) {
  StartThreads(2);
  seal_.Release();
  Join();
  EXPECT_EQ(begun_.load(), 2);
}

TEST_F(ThreadSealTest, AFilterThatCannotBeLoadedIsReported) {
  StartThreads(2);
  const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
  // It ends without an answer, which the kernel does not accept.
  const sock_filter load = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
  ASSERT_EQ(write(file.get(), &load, sizeof load), static_cast<ssize_t>(sizeof load));
  const auto filter = SeccompFilter::Read(file.get());
  ASSERT_TRUE(filter.ok());
  const Status sealed = seal_.Seal(&*filter);
  ASSERT_FALSE(sealed.ok());
  EXPECT_EQ(sealed.error(), Errno(EINVAL));
  Join();
}

}  // namespace
}  // namespace vfsd::sys
