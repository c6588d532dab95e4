// SPDX-License-Identifier: Apache-2.0
#include "sys/seccomp_load.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "base/retry.h"

namespace vfsd::sys {

Status LoadSeccompFilter(int program_file, FilterScope scope) {
  struct stat file;
  if (fstat(program_file, &file) != 0) {
    return Errno::Last();
  }
  const auto size = static_cast<size_t>(file.st_size);
  const size_t count = size / sizeof(sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || size % sizeof(sock_filter) != 0) {
    return Errno(EINVAL);
  }
  const auto program = std::make_unique<sock_filter[]>(count);
  const auto read = Retry([&] { return pread(program_file, program.get(), size, 0); });
  if (!read) {
    return read.error();
  }
  if (static_cast<size_t>(*read) != size) {
    return Errno(EINVAL);
  }
  const sock_fprog filter = {static_cast<unsigned short>(count), program.get()};
  const unsigned flags = scope == FilterScope::kProcess ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  const long answer = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (answer < 0) {
    return Errno::Last();
  }
  // TSYNC names a thread that could not be brought along.
  return answer == 0 ? Status() : Status(Errno(ESRCH));
}

}  // namespace vfsd::sys
