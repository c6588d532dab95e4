// SPDX-License-Identifier: Apache-2.0
#include "sys/interrupter.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace vfsd::sys {
namespace {

// A signal that means nothing to a thread that it was not meant for.
constexpr int kSignal = SIGURG;
constexpr long kIntervalNs = 1'000'000;

void OnSignal(int /*signal*/) {}

}  // namespace

Interrupter::~Interrupter() {
  if (attached_) {
    timer_delete(timer_);
  }
}

Status Interrupter::Attach() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  // Without SA_RESTART: that the call is not begun again is the purpose.
  action.sa_flags = SA_ONSTACK;
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = kSignal;
  event._sigev_un._tid = gettid();
  if (sigaction(kSignal, &action, nullptr) != 0 ||
      timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
    return Errno::Last();
  }
  attached_ = true;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, kSignal);
  const int error = pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return error == 0 ? Status() : Status(Errno(error));
}

void Interrupter::Begin() const {
  const itimerspec soon = {.it_interval = {0, kIntervalNs}, .it_value = {0, 1}};
  timer_settime(timer_, 0, &soon, nullptr);
}

void Interrupter::End() const {
  const itimerspec never = {};
  timer_settime(timer_, 0, &never, nullptr);
}

}  // namespace vfsd::sys
