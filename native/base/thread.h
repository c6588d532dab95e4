// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <signal.h>

#include <functional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/semaphore.h"

namespace vfsd {

/**
 * A thread of the data plane: a small stack, all signals blocked, so that signals reach the control
 * thread and no system call here is cut short. Joined at the end.
 */
class Thread {
 public:
  /** Returns when the thread runs its body: what a thread does to begin need not be allowed any
   * more afterwards. */
  static Result<Thread> Start(std::string name, std::function<void()> body) {
    Begin begin{.name = std::move(name), .body = std::move(body), .begun = {}};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackSize);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    // Raised by the thread itself, and fatal where it is blocked (see memory/fault_guard.h).
    sigdelset(&all, SIGBUS);
    // A new thread inherits the mask of the one that makes it.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    const int error = pthread_create(&thread, &attributes, Run, &begin);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
      return Errno(error);
    }
    begin.begun.Wait();
    return Thread(thread);
  }

  Thread(Thread&& other) noexcept
      : thread_(other.thread_), joinable_(std::exchange(other.joinable_, false)) {}
  Thread& operator=(Thread&&) = delete;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() {
    if (joinable_) {
      pthread_join(thread_, nullptr);
    }
  }

 private:
  struct Begin {
    std::string name;
    std::function<void()> body;
    Semaphore begun;
  };

  // Deep enough for the deepest call (a directory listing with a lookup in it uses a few KiB), and
  // for sanitizers.
  static constexpr size_t kStackSize = size_t{512} * 1024;

  explicit Thread(pthread_t thread) : thread_(thread) {}

  static void* Run(void* argument) {
    auto* begin = static_cast<Begin*>(argument);
    pthread_setname_np(pthread_self(), begin->name.c_str());
    const std::function<void()> body = std::move(begin->body);
    // Ends the life of `begin`.
    begin->begun.Post();
    body();
    return nullptr;
  }

  pthread_t thread_;
  bool joinable_ = true;
};

}  // namespace vfsd
