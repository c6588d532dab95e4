// SPDX-License-Identifier: Apache-2.0
#include "launcher/supervise.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "launcher/message.h"

namespace vfsd::launcher {
namespace {

// How long a worker that was asked to end may take to answer the requests at hand.
constexpr timespec kPatience = {5, 0};

sigset_t SupervisedSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    sigaddset(&set, signal);
  }
  return set;
}

void SendSignal(int pidfd, int signal) {
  // Fails only when the worker has ended, which is what is waited for.
  syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0);
}

int StatusOf(const siginfo_t& end) {
  if (end.si_code == CLD_EXITED) {
    return end.si_status;
  }
  const char* why = end.si_status == SIGSYS
                        ? " (a system call that the seccomp policy does not allow; the audit log "
                          "has its number)"
                        : "";
  Say("the worker was ended by signal %d, %s%s", end.si_status, strsignal(end.si_status), why);
  // As a shell reports it.
  return 128 + end.si_status;
}

}  // namespace

void BlockSupervisedSignals() {
  const sigset_t set = SupervisedSignals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

int Supervise(int pidfd) {
  const sigset_t set = SupervisedSignals();
  bool asked = false;
  for (;;) {
    siginfo_t end = {};
    if (waitid(P_PIDFD, static_cast<id_t>(pidfd), &end, WEXITED | WNOHANG) == 0 &&
        end.si_pid != 0) {
      const bool as_asked = asked && end.si_code == CLD_KILLED && end.si_status == SIGTERM;
      return as_asked ? 0 : StatusOf(end);
    }
    const int signal = sigtimedwait(&set, nullptr, asked ? &kPatience : nullptr);
    if (signal < 0 && errno == EAGAIN) {
      Say("the worker has not ended in time and is killed");
      SendSignal(pidfd, SIGKILL);
    } else if (signal > 0 && signal != SIGCHLD && !asked) {
      asked = true;
      SendSignal(pidfd, SIGTERM);
    }
  }
}

int Abandon(int pidfd) {
  SendSignal(pidfd, SIGKILL);
  siginfo_t end = {};
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd), &end, WEXITED) != 0) {
    return 1;
  }
  const bool killed_here = end.si_code != CLD_EXITED && end.si_status == SIGKILL;
  const int status = killed_here ? 1 : StatusOf(end);
  return status == 0 ? 1 : status;
}

}  // namespace vfsd::launcher
