// SPDX-License-Identifier: Apache-2.0
#include "sys/seccomp_load.h"

#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/retry.h"

namespace vfsd::sys {

Result<SeccompFilter> SeccompFilter::Read(int program_file) {
  struct stat file;
  if (fstat(program_file, &file) != 0) {
    return Errno::Last();
  }
  const auto size = static_cast<size_t>(file.st_size);
  const size_t count = size / sizeof(sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || size % sizeof(sock_filter) != 0) {
    return Errno(EINVAL);
  }
  SeccompFilter filter;
  filter.program_.resize(count);
  const auto read = Retry([&] { return pread(program_file, filter.program_.data(), size, 0); });
  if (!read) {
    return read.error();
  }
  return static_cast<size_t>(*read) == size ? Result(std::move(filter)) : Errno(EINVAL);
}

Result<std::optional<SeccompFilter>> SeccompFilter::ReadIfGiven(int program_file) {
  if (program_file == -1) {
    return std::optional<SeccompFilter>();
  }
  Result<SeccompFilter> filter = Read(program_file);
  if (!filter) {
    return filter.error();
  }
  return std::optional(std::move(*filter));
}

Status SeccompFilter::Load(FilterScope scope) const {
  // The kernel only reads the program.
  const sock_fprog program = {static_cast<unsigned short>(program_.size()),
                              const_cast<sock_filter*>(program_.data())};
  const unsigned flags = scope == FilterScope::kProcess ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  const long answer = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (answer < 0) {
    return Errno::Last();
  }
  // TSYNC names a thread that could not be brought along.
  return answer == 0 ? Status() : Status(Errno(ESRCH));
}

}  // namespace vfsd::sys
