// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "base/result.h"
#include "sys/seccomp_load.h"

namespace vfsd::sys {

/**
 * Where the threads of one role stand, before they do anything, until they may load the filter of
 * their role. A filter that is not for the whole process can only be loaded by each thread itself,
 * and not before the one that is: for that, all threads must have the same filters.
 */
class ThreadSeal {
 public:
  ThreadSeal() = default;
  ThreadSeal(const ThreadSeal&) = delete;
  ThreadSeal& operator=(const ThreadSeal&) = delete;

  /** A thread will Enter(). By whoever creates it, before. */
  void Expect();

  /** Waits for Seal() or Release(), and loads the filter. By each thread, once. */
  void Enter();

  /**
   * Lets the threads go with this filter, or with none for null, and waits until each has it. An
   * errno: one of them could not load it. To be called once.
   */
  Status Seal(const SeccompFilter* filter);

  /** Lets them go without a filter, for an end before Seal(). */
  void Release();

 private:
  std::mutex lock_;
  std::condition_variable opened_;
  std::condition_variable entered_;
  const SeccompFilter* filter_ = nullptr;
  size_t expected_ = 0;
  bool open_ = false;
  Status outcome_;
};

}  // namespace vfsd::sys
