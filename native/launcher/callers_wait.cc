// SPDX-License-Identifier: Apache-2.0
#include "launcher/callers_wait.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/retry.h"
#include "launcher/message.h"

namespace vfsd::launcher {
namespace {

/** The caller's part: it has nothing to tidy up. */
[[noreturn]] void Wait(int pipe, pid_t pid) {
  // A signal ends it; the other process finds that nobody waits any more.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  char works = 0;
  const auto told = Retry([&] { return read(pipe, &works, sizeof works); });
  if (told && *told == 1) {
    _exit(0);
  }
  int status = 0;
  if (!Retry([&] { return waitpid(pid, &status, 0); })) {
    _exit(1);
  }
  if (WIFSIGNALED(status)) {
    Say("the helper was ended by signal " + std::to_string(WTERMSIG(status)));
    _exit(128 + WTERMSIG(status));
  }
  // It has ended although nothing has failed: a signal has asked for it.
  _exit(WEXITSTATUS(status) == 0 ? 1 : WEXITSTATUS(status));
}

}  // namespace

bool CallersWait::Begin() {
  null_device_.Reset(open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2];
  if (!null_device_ || pipe2(ends, O_CLOEXEC) != 0) {
    return Failed("preparing to go into the background");
  }
  UniqueFd callers_end(ends[0]);
  pipe_.Reset(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) {
    return Failed("going into the background");
  }
  if (pid > 0) {
    pipe_.Reset();
    Wait(callers_end.get(), pid);
  }
  return setsid() >= 0 || Failed("leaving the terminal");
}

bool CallersWait::End() {
  const char works = 1;
  if (!Retry([&] { return write(pipe_.get(), &works, sizeof works); })) {
    return false;
  }
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (dup3(null_device_.get(), fd, 0) < 0) {
      return Failed("leaving the standard descriptors");
    }
  }
  pipe_.Reset();
  null_device_.Reset();
  return true;
}

}  // namespace vfsd::launcher
