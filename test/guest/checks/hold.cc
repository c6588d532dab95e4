// SPDX-License-Identifier: Apache-2.0
#include "hold.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace checks {
namespace {

constexpr int kFailed = 255;

int Lock(int fd, bool is_flock, bool waits) {
  if (is_flock) return flock(fd, LOCK_EX | (waits ? 0 : LOCK_NB));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(fd, waits ? F_SETLKW : F_SETLK, &lock);
}

}  // namespace

int HoldLock(char** arguments) {
  const std::string_view kind = arguments[0];
  const std::string_view manner = arguments[1];
  const int fd = open(arguments[2], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || Lock(fd, kind == "flock", manner == "wait") != 0) {
    std::printf("errno %d\n", errno);
    return kFailed;
  }
  const int status = std::system(arguments[3]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
}

}  // namespace checks
