// SPDX-License-Identifier: Apache-2.0
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <cstring>

#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::FileHandle;
using fuse::NodeId;
using fuse::RequestContext;

namespace {

// A project decides whose quota a file counts against. That is the host's affair, and none that a
// guest may get out of.
constexpr uint32_t kHostsXflags = FS_XFLAG_PROJINHERIT;
constexpr int kHostsFlags = FS_PROJINHERIT_FL;

template <typename T>
Result<T> Ask(int fd, unsigned long command) {
  T value = {};
  const Status asked = RetryStatus([&] { return ioctl(fd, command, &value); });
  if (!asked) {
    return asked.error();
  }
  return value;
}

template <typename T>
Result<size_t> Get(int fd, unsigned long command, std::span<std::byte> output) {
  if (output.size() < sizeof(T)) {
    return Errno(EINVAL);
  }
  const auto value = Ask<T>(fd, command);
  if (!value) {
    return value.error();
  }
  std::memcpy(output.data(), &*value, sizeof *value);
  return sizeof *value;
}

/** The command's number says long, and some file systems fill in that; what Linux asks for is an
 * int. */
Result<size_t> GetVersion(int fd, std::span<std::byte> output) {
  int version;
  if (output.size() < sizeof version) {
    return Errno(EINVAL);
  }
  const auto value = Ask<long>(fd, FS_IOC_GETVERSION);
  if (!value) {
    return value.error();
  }
  std::memcpy(&version, &*value, sizeof version);
  std::memcpy(output.data(), &version, sizeof version);
  return sizeof version;
}

template <typename T>
Result<size_t> Tell(int fd, unsigned long command, T value) {
  const Status told = RetryStatus([&] { return ioctl(fd, command, &value); });
  return told ? Result(size_t{0}) : told.error();
}

Result<size_t> SetFlags(int fd, std::span<const std::byte> input) {
  int flags;
  if (input.size() < sizeof flags) {
    return Errno(EINVAL);
  }
  std::memcpy(&flags, input.data(), sizeof flags);
  const auto present = Ask<int>(fd, FS_IOC_GETFLAGS);
  if (!present) {
    return present.error();
  }
  return ((*present ^ flags) & kHostsFlags) != 0 ? Errno(EPERM) : Tell(fd, FS_IOC_SETFLAGS, flags);
}

Result<size_t> SetXflags(int fd, std::span<const std::byte> input) {
  fsxattr wanted;
  if (input.size() < sizeof wanted) {
    return Errno(EINVAL);
  }
  std::memcpy(&wanted, input.data(), sizeof wanted);
  const auto present = Ask<fsxattr>(fd, FS_IOC_FSGETXATTR);
  if (!present) {
    return present.error();
  }
  const bool changes_project = wanted.fsx_projid != present->fsx_projid ||
                               ((wanted.fsx_xflags ^ present->fsx_xflags) & kHostsXflags) != 0;
  return changes_project ? Errno(EPERM) : Tell(fd, FS_IOC_FSSETXATTR, wanted);
}

/** The commands that a guest may give; any other might be a driver's or change more than a file. */
Result<size_t> Control(int fd, uint32_t command, std::span<const std::byte> input,
                       std::span<std::byte> output) {
  switch (command) {
    case FS_IOC_GETFLAGS:
    case FS_IOC32_GETFLAGS:
      return Get<int>(fd, FS_IOC_GETFLAGS, output);
    case FS_IOC_SETFLAGS:
    case FS_IOC32_SETFLAGS:
      return SetFlags(fd, input);
    case FS_IOC_FSGETXATTR:
      return Get<fsxattr>(fd, FS_IOC_FSGETXATTR, output);
    case FS_IOC_FSSETXATTR:
      return SetXflags(fd, input);
    case FS_IOC_GETVERSION:
    case FS_IOC32_GETVERSION:
      return GetVersion(fd, output);
    default:
      return Errno(ENOTTY);
  }
}

}  // namespace

Result<size_t> Passthrough::Ioctl(RequestContext&, NodeId node, const abi::fuse_ioctl_in& in,
                                  std::span<const std::byte> input, std::span<std::byte> output) {
  if ((in.flags & abi::FUSE_IOCTL_DIR) != 0) {
    const Result<DirectoryRef> directory = directories_.Find(node, FileHandle{in.fh});
    return directory ? Control((*directory)->fd.get(), in.cmd, input, output) : directory.error();
  }
  const Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  return file ? Control((*file)->fd.get(), in.cmd, input, output) : file.error();
}

}  // namespace vfsd::fs::passthrough
