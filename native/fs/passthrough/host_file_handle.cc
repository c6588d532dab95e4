// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/host_file_handle.h"

#include <algorithm>
#include <cstring>

#include "base/retry.h"

namespace vfsd::fs::passthrough {
namespace {

/** A struct file_handle with room for the longest. */
struct alignas(file_handle) Buffer {
  std::array<std::byte, sizeof(file_handle) + MAX_HANDLE_SZ> bytes;

  file_handle* get() { return reinterpret_cast<file_handle*>(bytes.data()); }
  std::byte* content() { return bytes.data() + sizeof(file_handle); }
};

}  // namespace

Result<HostFileHandle> HostFileHandle::Of(int directory, const char* name) {
  Buffer buffer;
  buffer.get()->handle_bytes = MAX_HANDLE_SZ;
  int mount;
  const int flags = name[0] == '\0' ? AT_EMPTY_PATH : 0;
  const Status named =
      RetryStatus([&] { return name_to_handle_at(directory, name, buffer.get(), &mount, flags); });
  if (!named) {
    return named.error();
  }
  HostFileHandle handle;
  handle.Assign(buffer.get()->handle_type, {buffer.content(), buffer.get()->handle_bytes});
  return handle;
}

Result<UniqueFd> HostFileHandle::Open(int mount) const {
  Buffer buffer;
  buffer.get()->handle_bytes = length_;
  buffer.get()->handle_type = type_;
  std::ranges::copy(bytes(), buffer.content());
  return RetryFd([&] { return open_by_handle_at(mount, buffer.get(), O_PATH | O_CLOEXEC); });
}

bool operator==(const HostFileHandle& left, const HostFileHandle& right) {
  return left.type_ == right.type_ && std::ranges::equal(left.bytes(), right.bytes());
}

void HostFileHandle::Assign(int type, std::span<const std::byte> bytes) {
  type_ = type;
  length_ = static_cast<uint8_t>(bytes.size());
  if (length_ > kInline) {
    longer_ = new std::byte[length_];
  }
  std::ranges::copy(bytes, length_ > kInline ? longer_ : inline_.data());
}

void HostFileHandle::Take(HostFileHandle& other) {
  type_ = other.type_;
  length_ = std::exchange(other.length_, uint8_t{0});
  if (length_ > kInline) {
    longer_ = other.longer_;
  } else {
    inline_ = other.inline_;
  }
}

}  // namespace vfsd::fs::passthrough
