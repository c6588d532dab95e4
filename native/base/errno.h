// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

namespace vfsd {

/** A positive errno value: what a system call, or vfsd in its place, answers to the guest. */
class Errno {
 public:
  explicit constexpr Errno(int value) : value_(value) {}

  /** The calling thread's errno, right after a failed system call. */
  static Errno Last() { return Errno(errno); }

  constexpr int value() const { return value_; }
  friend constexpr bool operator==(Errno, Errno) = default;

 private:
  int value_;
};

}  // namespace vfsd
