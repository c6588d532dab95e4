// SPDX-License-Identifier: Apache-2.0
#include "launcher/socket_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/message.h"

namespace vfsd::launcher {

SocketFile::SocketFile(const char* path) {
  if (path == nullptr) {
    return;
  }
  const std::string whole(path);
  const size_t slash = whole.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : whole.substr(0, slash);
  name_ = slash == std::string::npos ? whole : whole.substr(slash + 1);
  directory_.Reset(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat file;
  if (!directory_ || fstatat(directory_.get(), name_.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0) {
    // Somebody has removed it since it was made: then there is nothing to do at the end either.
    directory_.Reset();
    return;
  }
  device_ = file.st_dev;
  inode_ = file.st_ino;
}

bool SocketFile::NeedsDacOverride() const {
  struct stat directory;
  if (!directory_ || fstat(directory_.get(), &directory) != 0) {
    return false;
  }
  constexpr mode_t kOwnerMayRemove = S_IWUSR | S_IXUSR;
  constexpr mode_t kOtherMayRemove = S_IWOTH | S_IXOTH;
  const bool owner = directory.st_uid == geteuid();
  const mode_t needed = owner ? kOwnerMayRemove : kOtherMayRemove;
  return (directory.st_mode & needed) != needed;
}

void SocketFile::Remove() const {
  struct stat file;
  if (directory_ && fstatat(directory_.get(), name_.c_str(), &file, AT_SYMLINK_NOFOLLOW) == 0 &&
      file.st_dev == device_ && file.st_ino == inode_ &&
      unlinkat(directory_.get(), name_.c_str(), 0) != 0) {
    Failed("removing the socket " + name_);
  }
}

}  // namespace vfsd::launcher
