// SPDX-License-Identifier: Apache-2.0
#include "addon/startup.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "addon/convert.h"
#include "addon/failure.h"
#include "base/retry.h"
#include "base/unique_fd.h"

namespace vfsd::addon {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) {
    pointers.push_back(string.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

bool KeepAcrossExec(int fd) {
  const int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) == 0;
}

/**
 * Node ignores SIGPIPE and blocks signals of its own; an exec would pass both on. What ends a
 * program stays blocked over the exec, so that it waits there for the launcher, which lets it
 * through when it can act on it.
 */
void PassOnSignalState() {
  static_cast<void>(signal(SIGPIPE, SIG_DFL));
  sigset_t ends;
  sigemptyset(&ends);
  for (const int end : {SIGTERM, SIGINT, SIGHUP}) {
    sigaddset(&ends, end);
  }
  pthread_sigmask(SIG_SETMASK, &ends, nullptr);
}

/** SystemFailure: execLauncher(start). Returns on failure only. */
Napi::Value ExecLauncher(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto start = info[0].As<Napi::Object>();
  const std::string path = ToString(start.Get("path"));
  std::vector<std::string> arguments = ToStrings(start.Get("arguments"));
  std::vector<std::string> environment = ToStrings(start.Get("environment"));
  std::vector<int> keep = ToFds(start.Get("keep"));
  keep.insert(keep.end(), {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  for (const int fd : keep) {
    // A standard descriptor may be closed.
    if (!KeepAcrossExec(fd) && fd > STDERR_FILENO) {
      return Failure(env, Errno::Last(), "fcntl");
    }
  }
  PassOnSignalState();
  execve(path.c_str(), Pointers(arguments).data(), Pointers(environment).data());
  return Failure(env, Errno::Last(), "execve");
}

constexpr int kAllSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

/** fd | SystemFailure: createSealedFile(name, data) */
Napi::Value CreateSealedFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = ToString(info[0]);
  const auto data = info[1].As<Napi::Uint8Array>();
  Result<UniqueFd> file =
      RetryFd([&] { return memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING); });
  if (!file) {
    return Failure(env, file.error(), "memfd_create");
  }
  const int fd = file->get();
  const auto written = Retry([&] { return pwrite(fd, data.Data(), data.ByteLength(), 0); });
  if (!written) {
    return Failure(env, written.error(), "pwrite");
  }
  if (fcntl(fd, F_ADD_SEALS, kAllSeals) != 0) {
    return Failure(env, Errno::Last(), "fcntl");
  }
  return Napi::Number::New(env, file->Release());
}

/** Uint8Array | SystemFailure: readSealedFile(fd) */
Napi::Value ReadSealedFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int fd = ToFd(info[0]);
  struct stat file;
  if (fstat(fd, &file) != 0) {
    return Failure(env, Errno::Last(), "fstat");
  }
  const auto size = static_cast<size_t>(file.st_size);
  Napi::Uint8Array data = Napi::Uint8Array::New(env, size);
  const auto count = Retry([&] { return pread(fd, data.Data(), size, 0); });
  if (!count) {
    return Failure(env, count.error(), "pread");
  }
  return data;
}

/** ResourceLimit | SystemFailure: getOpenFileLimit() */
Napi::Value GetOpenFileLimit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Failure(env, Errno::Last(), "getrlimit");
  }
  Napi::Object both = Napi::Object::New(env);
  both.Set("soft", Napi::BigInt::New(env, static_cast<uint64_t>(limit.rlim_cur)));
  both.Set("hard", Napi::BigInt::New(env, static_cast<uint64_t>(limit.rlim_max)));
  return both;
}

Napi::Value HasFileHandles(Napi::Env env, const char* path) {
  // The kernel's structure ends with an array of unknown size.
  alignas(file_handle) std::byte space[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* handle = reinterpret_cast<file_handle*>(space);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount_id;
  return name_to_handle_at(AT_FDCWD, path, handle, &mount_id, 0) == 0
             ? env.Undefined()
             : Failure(env, Errno::Last(), "name_to_handle_at");
}

Napi::Value HasUserXattrs(Napi::Env env, const char* path) {
  char value;
  const bool has = getxattr(path, "user.vfsd.probe", &value, sizeof value) >= 0 ||
                   errno == ENODATA || errno == ERANGE;
  return has ? env.Undefined() : Failure(env, Errno::Last(), "getxattr");
}

/** DirectoryTraits: probeDirectory(path) */
Napi::Value ProbeDirectory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = ToString(info[0]);
  const Napi::Object traits = Napi::Object::New(env);
  traits.Set("fileHandles", HasFileHandles(env, path.c_str()));
  traits.Set("xattrs", HasUserXattrs(env, path.c_str()));
  return traits;
}

/** bigint | SystemFailure: getEffectiveCapabilities() */
Napi::Value GetEffectiveCapabilities(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) {
    return Failure(env, Errno::Last(), "capget");
  }
  return Napi::BigInt::New(env, sets[0].effective | static_cast<uint64_t>(sets[1].effective) << 32);
}

}  // namespace

void ExportStartup(Napi::Env env, Napi::Object exports) {
  exports.Set("execLauncher", Napi::Function::New<ExecLauncher>(env, "execLauncher"));
  exports.Set("createSealedFile", Napi::Function::New<CreateSealedFile>(env, "createSealedFile"));
  exports.Set("readSealedFile", Napi::Function::New<ReadSealedFile>(env, "readSealedFile"));
  exports.Set("getOpenFileLimit", Napi::Function::New<GetOpenFileLimit>(env, "getOpenFileLimit"));
  exports.Set("probeDirectory", Napi::Function::New<ProbeDirectory>(env, "probeDirectory"));
  exports.Set("getEffectiveCapabilities",
              Napi::Function::New<GetEffectiveCapabilities>(env, "getEffectiveCapabilities"));
}

}  // namespace vfsd::addon
