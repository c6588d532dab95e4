// SPDX-License-Identifier: Apache-2.0
#include "sys/heap.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace vfsd::sys {
namespace {

constexpr int kThreads = 20;

/** From now on, whoever opens a file by a path ends this process. */
bool DenyPaths() {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog load = {program.size(), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &load) == 0;
}

/** Takes memory in many threads at the same time, and gives it back. */
void UseMemory() {
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([] {
      std::array<void*, 16> blocks;
      for (void*& block : blocks) {
        block = malloc(size_t{100} * 1024);
      }
      usleep(20'000);
      for (void* block : blocks) {
        free(block);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST(Heap, LooksAtNoFileOnceItIsSettled) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer has a malloc of its own";
#endif
  const pid_t child = fork();
  if (child == 0) {
    SettleHeap();
    if (!DenyPaths()) {
      _exit(1);
    }
    UseMemory();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace vfsd::sys
