// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <optional>
#include <vector>

#include "base/result.h"

namespace vfsd::sys {

enum class FilterScope {
  /** The calling thread and what it creates. */
  kThread,
  /** Every thread of the process. */
  kProcess,
};

/** A compiled seccomp filter. Read first and loaded afterwards, since one filter may forbid to read
 * the next. */
class SeccompFilter {
 public:
  /** Reads a BPF program from a memory file. EINVAL: it is none. */
  static Result<SeccompFilter> Read(int program_file);

  /** The same where there may be none: -1 (--seccomp=none) answers no filter. */
  static Result<std::optional<SeccompFilter>> ReadIfGiven(int program_file);

  /**
   * Puts it in force. Precondition: no_new_privs is set. For kProcess every thread must have the
   * filters that the calling one has; ESRCH: one has not.
   */
  Status Load(FilterScope scope) const;

 private:
  std::vector<sock_filter> program_;
};

}  // namespace vfsd::sys
