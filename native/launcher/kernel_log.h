// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace vfsd::launcher {

/** A system call for which a seccomp filter ended a process, as the kernel's log tells of it. */
struct FatalCall {
  std::string thread;
  /** As the audit log has it (AUDIT_ARCH_…). */
  uint32_t architecture;
  int number;
};

/** What a record of /dev/kmsg says about the end of process `pid`; nothing if it is about something
 * else, or was not written by the kernel. */
std::optional<FatalCall> ReadFatalCall(std::string_view record, pid_t pid);

/**
 * The kernel's log from the moment on at which this was made. Where the caller may not read it
 * (kernel.dmesg_restrict), it says nothing.
 */
class KernelLog {
 public:
  KernelLog();

  /** The call that ended process `pid`, which has ended. Its record may be late: waits a moment. */
  std::optional<FatalCall> FindFatalCall(pid_t pid) const;

  /** -1: it cannot be read. */
  int fd() const { return file_.get(); }

 private:
  UniqueFd file_;
};

}  // namespace vfsd::launcher
