// SPDX-License-Identifier: Apache-2.0
#include "proxy-helper/tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstring>

#include "base/retry.h"

namespace vfsd::proxy_helper {
namespace {

/** A neighbour that renames without an end must not keep a request for as long. */
constexpr int kPatience = 64;

/** Of a procfs below the export, files would be the helper's own memory. */
Result<UniqueFd> UnlessItShowsProcesses(Result<UniqueFd> found) {
  struct statfs file_system;
  if (!found) {
    return found;
  }
  const Status asked = RetryStatus([&] { return fstatfs(found->get(), &file_system); });
  if (!asked) {
    return asked.error();
  }
  if (file_system.f_type == PROC_SUPER_MAGIC) {
    return Errno(EACCES);
  }
  return found;
}

Result<UniqueFd> OpenBelow(int directory, const char* path, int flags) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags) | O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Result<UniqueFd> found = Errno(EAGAIN);
  // EAGAIN: something was renamed meanwhile, and it is not sure that ".." has stayed in the tree.
  for (int i = 0; i < kPatience && !found && found.error() == Errno(EAGAIN); ++i) {
    found = RetryFd(
        [&] { return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how)); });
  }
  return UnlessItShowsProcesses(std::move(found));
}

/** QEMU counts the end mark in where it has kept the path, and not where it has just made it. */
std::string_view WithoutEndMark(std::string_view path) {
  return path.ends_with('\0') ? path.substr(0, path.size() - 1) : path;
}

}  // namespace

Result<UniqueFd> Tree::Find(std::string_view path) const {
  CText text;
  const Status taken = text.Assign(WithoutEndMark(path));
  return taken ? OpenBelow(root_.get(), text.c_str(), O_NOFOLLOW) : taken.error();
}

Status Tree::FindEntry(std::string_view path, Entry& entry) const {
  const Status taken = entry.path_.Assign(WithoutEndMark(path));
  if (!taken) {
    return taken;
  }
  char* const text = entry.path_.data();
  char* const slash = std::strrchr(text, '/');
  entry.name_ = slash == nullptr ? text : slash + 1;
  const std::string_view name = entry.name_;
  if (*text == '\0') {
    return Errno(ENOENT);
  }
  if (name.empty() || name == "." || name == "..") {
    return Errno(EINVAL);
  }
  if (slash != nullptr) {
    *slash = '\0';
  }
  const bool in_root = slash == nullptr || slash == text;
  auto directory = OpenBelow(root_.get(), in_root ? "/" : text, O_DIRECTORY);
  if (!directory) {
    return directory.error();
  }
  entry.directory_ = std::move(*directory);
  return {};
}

Result<UniqueFd> Tree::FindIn(const Entry& entry) {
  return OpenBelow(entry.directory(), entry.name(), O_NOFOLLOW);
}

}  // namespace vfsd::proxy_helper
