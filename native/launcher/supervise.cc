// SPDX-License-Identifier: Apache-2.0
#include "launcher/supervise.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "launcher/call_name.h"
#include "launcher/message.h"

namespace vfsd::launcher {
namespace {

// How long a worker that was asked to end may take to answer the requests at hand.
constexpr time_t kPatienceSeconds = 5;
constexpr int64_t kSecond = 1'000'000'000;

constexpr std::array kEndSignals = {SIGTERM, SIGINT, SIGHUP};

/** One of them has come. Written by their handler, which runs only where they are let through. */
volatile sig_atomic_t end_is_wanted = 0;

void SendSignal(int pidfd, int signal) {
  // Fails only when the worker has ended, which is what is waited for.
  syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0);
}

std::string WhyRefused(const std::optional<FatalCall>& call) {
  const std::string who =
      call ? ": its thread " + call->thread + " made the system call " + CallName(*call) + ", which"
           : ": a system call that";
  return who + " the seccomp policy does not allow (journalctl -k | vfsd seccomp explain)";
}

int StatusOf(const siginfo_t& end, const KernelLog& log) {
  if (end.si_code == CLD_EXITED) {
    return end.si_status;
  }
  const std::string why =
      end.si_status == SIGSYS ? WhyRefused(log.FindFatalCall(end.si_pid)) : std::string();
  Say("the worker was ended by signal " + std::to_string(end.si_status) + ", " +
      strsignal(end.si_status) + why);
  // As a shell reports it.
  return 128 + end.si_status;
}

/** How long there is still to wait; zero when the time is over. */
timespec Until(const timespec& end) {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t left = (end.tv_sec - now.tv_sec) * kSecond + (end.tv_nsec - now.tv_nsec);
  return left <= 0 ? timespec{} : timespec{left / kSecond, left % kSecond};
}

timespec EndOfPatience() {
  timespec end = {};
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += kPatienceSeconds;
  return end;
}

}  // namespace

void BlockSupervisedSignals() {
  sigset_t set;
  sigemptyset(&set);
  struct sigaction remember = {};
  remember.sa_handler = [](int) { end_is_wanted = 1; };
  for (const int signal : kEndSignals) {
    sigaddset(&set, signal);
    sigaction(signal, &remember, nullptr);
  }
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

int Supervise(int pidfd, const KernelLog& log, ServiceManager& manager) {
  sigset_t none;
  sigemptyset(&none);
  bool asked = false;
  bool killed = false;
  timespec end_of_patience = {};
  for (;;) {
    siginfo_t end = {};
    if (waitid(P_PIDFD, static_cast<id_t>(pidfd), &end, WEXITED | WNOHANG) == 0 &&
        end.si_pid != 0) {
      const bool as_asked = asked && end.si_code != CLD_EXITED && end.si_status == SIGTERM;
      return as_asked ? 0 : StatusOf(end, log);
    }
    // What cannot be killed, in a file system that does not answer, is waited for.
    const timespec left = Until(end_of_patience);
    std::array<pollfd, 2> wanted = {{{pidfd, POLLIN, 0}, {manager.worker(), POLLIN, 0}}};
    const int ready =
        ppoll(wanted.data(), wanted.size(), asked && !killed ? &left : nullptr, &none);
    if (ready == 0) {
      Say("the worker has not ended in time and is killed");
      SendSignal(pidfd, SIGKILL);
      killed = true;
    }
    if (ready > 0 && wanted[1].revents != 0) {
      manager.Relay();
    }
    if (end_is_wanted != 0 && !asked) {
      asked = true;
      end_of_patience = EndOfPatience();
      manager.TellStopping();
      SendSignal(pidfd, SIGTERM);
    }
  }
}

int Abandon(int pidfd, const KernelLog& log) {
  SendSignal(pidfd, SIGKILL);
  siginfo_t end = {};
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd), &end, WEXITED) != 0) {
    return 1;
  }
  const bool killed_here = end.si_code != CLD_EXITED && end.si_status == SIGKILL;
  const int status = killed_here ? 1 : StatusOf(end, log);
  return status == 0 ? 1 : status;
}

}  // namespace vfsd::launcher
