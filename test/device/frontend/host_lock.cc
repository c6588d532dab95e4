// SPDX-License-Identifier: Apache-2.0
#include "frontend/host_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace vfsd::frontend {
namespace {

/** Does not wait. A descriptor that holds the lock until it is closed, or a negative errno. */
Napi::Value LockFile(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  const std::string kind = info[1].As<Napi::String>();
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct flock range = {.l_type = F_WRLCK,
                        .l_whence = SEEK_SET,
                        .l_start = info[2].As<Napi::Number>().Int64Value(),
                        .l_len = info[3].As<Napi::Number>().Int64Value()};
  const bool locked = fd >= 0 && (kind == "range" ? fcntl(fd, F_OFD_SETLK, &range)
                                                  : flock(fd, LOCK_EX | LOCK_NB)) == 0;
  if (!locked) {
    const int failure = errno;
    close(fd);
    return Napi::Number::New(info.Env(), -failure);
  }
  return Napi::Number::New(info.Env(), fd);
}

}  // namespace

void ExportHostLock(Napi::Env env, Napi::Object exports) {
  exports.Set("lockFile", Napi::Function::New(env, LockFile));
}

}  // namespace vfsd::frontend
