// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace vfsd::testing {

/**
 * How often the calling thread has made some of the system calls, since it cleared this. The C
 * library's functions are replaced for all native tests; each does what it replaces.
 */
struct HostCalls {
  int statx = 0;
  int openat = 0;
  int preadv2 = 0;
  int pwritev2 = 0;
  /** An errno that every openat is to fail with; 0: none. */
  int openat_error = 0;
  /** The same of every getxattr. */
  int getxattr_error = 0;
  /** For how much the last one had room. */
  size_t getxattr_room = 0;
};

inline thread_local HostCalls host_calls;

}  // namespace vfsd::testing
