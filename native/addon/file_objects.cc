// SPDX-License-Identifier: Apache-2.0
#include "addon/file_objects.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "addon/convert.h"
#include "addon/failure.h"
#include "base/retry.h"

namespace vfsd::addon {
namespace {

/**
 * The path by which calls that take no O_PATH descriptor reach its object. The last step does not
 * go by a name: a link that the descriptor refers to is not followed.
 */
class DescriptorPath {
 public:
  explicit DescriptorPath(int fd) {
    // /proc/self/fd/ and ten digits fit: nothing is cut off.
    static_cast<void>(snprintf(path_.data(), path_.size(), "/proc/self/fd/%d", fd));
  }
  const char* get() const { return path_.data(); }

 private:
  std::array<char, 32> path_;
};

std::string_view ToBytes(const Napi::Value& value) {
  if (!value.IsTypedArray()) {
    return {};
  }
  const auto bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

Napi::Value FromBytes(Napi::Env env, const char* data, size_t size) {
  Napi::Uint8Array bytes = Napi::Uint8Array::New(env, size);
  if (size > 0) {
    memcpy(bytes.Data(), data, size);
  }
  return bytes;
}

Napi::Value Done(Napi::Env env, int result, const char* syscall) {
  return result == 0 ? env.Undefined() : Failure(env, Errno::Last(), syscall);
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { closedir(directory); }
};

/** Uint8Array[] | SystemFailure: listNames(directory) */
Napi::Value ListNames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  // Opened without O_NOATIME, as by path, the directory's time of access would move.
  const int copy = fcntl(ToFd(info[0]), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    return Failure(env, Errno::Last(), "fcntl");
  }
  const std::unique_ptr<DIR, DirectoryCloser> directory(fdopendir(copy));
  if (directory == nullptr) {
    const Errno error = Errno::Last();
    close(copy);
    return Failure(env, error, "fdopendir");
  }
  rewinddir(directory.get());
  const Napi::Array list = Napi::Array::New(env);
  uint32_t count = 0;
  for (;;) {
    errno = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own
    const dirent* entry = readdir(directory.get());
    if (entry == nullptr) {
      break;
    }
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") {
      list.Set(count++, FromBytes(env, name.data(), name.size()));
    }
  }
  return errno == 0 ? Napi::Value(list) : Failure(env, Errno::Last(), "readdir");
}

/** Uint8Array[] | SystemFailure: listAttributes(fd) */
Napi::Value ListAttributes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const DescriptorPath path(ToFd(info[0]));
  // Most lists are short. The others may grow while they are looked at.
  std::vector<char> names(1024);
  ssize_t size = listxattr(path.get(), names.data(), names.size());
  if (size < 0 && errno == ERANGE) {
    names.resize(XATTR_LIST_MAX);
    size = listxattr(path.get(), names.data(), names.size());
  }
  // A file system without attributes has none of them.
  if (size < 0 && errno != ENOTSUP) {
    return Failure(env, Errno::Last(), "listxattr");
  }
  const Napi::Array list = Napi::Array::New(env);
  std::string_view rest(names.data(), size < 0 ? 0 : static_cast<size_t>(size));
  for (uint32_t i = 0; !rest.empty(); ++i) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    list.Set(i, FromBytes(env, rest.data(), end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return list;
}

/** Uint8Array | null | SystemFailure: getAttribute(fd, name) */
Napi::Value GetAttribute(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const DescriptorPath path(ToFd(info[0]));
  const std::string name(ToBytes(info[1]));
  // Most values are short. The others may grow while they are looked at.
  std::vector<char> value(256);
  ssize_t size = getxattr(path.get(), name.c_str(), value.data(), value.size());
  if (size < 0 && errno == ERANGE) {
    value.resize(XATTR_SIZE_MAX);
    size = getxattr(path.get(), name.c_str(), value.data(), value.size());
  }
  if (size >= 0) {
    return FromBytes(env, value.data(), static_cast<size_t>(size));
  }
  return errno == ENODATA || errno == ENOTSUP ? env.Null()
                                              : Failure(env, Errno::Last(), "getxattr");
}

/** SystemFailure | undefined: setAttribute(fd, name, value) */
Napi::Value SetAttribute(const Napi::CallbackInfo& info) {
  const DescriptorPath path(ToFd(info[0]));
  const std::string name(ToBytes(info[1]));
  const std::string_view value = ToBytes(info[2]);
  return Done(info.Env(), setxattr(path.get(), name.c_str(), value.data(), value.size(), 0),
              "setxattr");
}

/** SystemFailure | undefined: removeAttribute(fd, name) */
Napi::Value RemoveAttribute(const Napi::CallbackInfo& info) {
  const DescriptorPath path(ToFd(info[0]));
  const std::string name(ToBytes(info[1]));
  const int result = removexattr(path.get(), name.c_str());
  const bool was_none = result != 0 && (errno == ENODATA || errno == ENOTSUP);
  return was_none ? info.Env().Undefined() : Done(info.Env(), result, "removexattr");
}

timespec ToTime(int64_t nanoseconds) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t rest = nanoseconds % kSecond;
  return rest < 0 ? timespec{nanoseconds / kSecond - 1, static_cast<long>(rest + kSecond)}
                  : timespec{nanoseconds / kSecond, static_cast<long>(rest)};
}

int64_t ToInt64(const Napi::Value& value) {
  bool lossless = false;
  return value.IsBigInt() ? value.As<Napi::BigInt>().Int64Value(&lossless) : 0;
}

/** SystemFailure | undefined: setTimes(fd, accessNs, modificationNs) */
Napi::Value SetTimes(const Napi::CallbackInfo& info) {
  const DescriptorPath path(ToFd(info[0]));
  const timespec times[] = {ToTime(ToInt64(info[1])), ToTime(ToInt64(info[2]))};
  return Done(info.Env(), utimensat(AT_FDCWD, path.get(), times, 0), "utimensat");
}

/** SystemFailure | undefined: makeNode(directory, name, mode, device) */
Napi::Value MakeNode(const Napi::CallbackInfo& info) {
  const std::string name(ToBytes(info[1]));
  const int result = mknodat(ToFd(info[0]), name.c_str(), ToUint32(info[2]), ToUint64(info[3]));
  return Done(info.Env(), result, "mknodat");
}

/** Uint8Array | SystemFailure: readLink(fd) */
Napi::Value ReadLink(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlinkat(ToFd(info[0]), "", target.data(), target.size());
  return size >= 0 ? FromBytes(env, target.data(), static_cast<size_t>(size))
                   : Failure(env, Errno::Last(), "readlinkat");
}

/** { start, end } | null | SystemFailure: findData(fd, offset) */
Napi::Value FindData(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int fd = ToFd(info[0]);
  const off_t start = lseek(fd, ToInt64(info[1]), SEEK_DATA);
  if (start < 0) {
    return errno == ENXIO ? env.Null() : Failure(env, Errno::Last(), "lseek");
  }
  const off_t end = lseek(fd, start, SEEK_HOLE);
  if (end < 0) {
    return Failure(env, Errno::Last(), "lseek");
  }
  const Napi::Object extent = Napi::Object::New(env);
  extent.Set("start", Napi::BigInt::New(env, static_cast<int64_t>(start)));
  extent.Set("end", Napi::BigInt::New(env, static_cast<int64_t>(end)));
  return extent;
}

}  // namespace

void ExportFileObjects(Napi::Env env, Napi::Object exports) {
  Napi::Object calls = Napi::Object::New(env);
  calls.Set("listNames", Napi::Function::New<ListNames>(env, "listNames"));
  calls.Set("listAttributes", Napi::Function::New<ListAttributes>(env, "listAttributes"));
  calls.Set("getAttribute", Napi::Function::New<GetAttribute>(env, "getAttribute"));
  calls.Set("setAttribute", Napi::Function::New<SetAttribute>(env, "setAttribute"));
  calls.Set("removeAttribute", Napi::Function::New<RemoveAttribute>(env, "removeAttribute"));
  calls.Set("setTimes", Napi::Function::New<SetTimes>(env, "setTimes"));
  calls.Set("makeNode", Napi::Function::New<MakeNode>(env, "makeNode"));
  calls.Set("readLink", Napi::Function::New<ReadLink>(env, "readLink"));
  calls.Set("findData", Napi::Function::New<FindData>(env, "findData"));
  exports.Set("fileObjects", calls);
}

}  // namespace vfsd::addon
