// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace vfsd::sys {

enum class FilterScope {
  /** The calling thread and what it creates. */
  kThread,
  /** Every thread of the process. */
  kProcess,
};

/**
 * Loads a compiled filter from a memory file. Precondition: no_new_privs is set. For kProcess every thread must have
 * the filters that the calling one has; ESRCH: one has not.
 */
Status LoadSeccompFilter(int program_file, FilterScope scope);

}  // namespace vfsd::sys
