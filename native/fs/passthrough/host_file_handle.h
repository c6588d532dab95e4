// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vfsd::fs::passthrough {

/**
 * The kernel's name for an inode (name_to_handle_at(2)), which outlives every descriptor: it opens
 * the same object as long as that exists, whatever it is called by then, and nothing else after.
 */
class HostFileHandle {
 public:
  /** Of a name in a directory, or of the descriptor itself when `name` is "". Follows nothing.
   * EOPNOTSUPP: the file system has none. */
  static Result<HostFileHandle> Of(int directory, const char* name);

  /** Of nothing. */
  HostFileHandle() = default;
  HostFileHandle(HostFileHandle&& other) noexcept { Take(other); }
  HostFileHandle& operator=(HostFileHandle&& other) noexcept {
    if (this != &other) {
      Free();
      Take(other);
    }
    return *this;
  }
  HostFileHandle(const HostFileHandle&) = delete;
  HostFileHandle& operator=(const HostFileHandle&) = delete;
  ~HostFileHandle() { Free(); }

  explicit operator bool() const { return length_ > 0; }
  friend bool operator==(const HostFileHandle& left, const HostFileHandle& right);

  /**
   * An O_PATH descriptor of the object. ESTALE: it is no more. EPERM: the caller lacks
   * CAP_DAC_READ_SEARCH.
   *
   * @param mount a descriptor of anything on the same mount, opened for reading
   */
  Result<UniqueFd> Open(int mount) const;

 private:
  /** The file systems of disks need 8 to 20 bytes, tmpfs 12. */
  static constexpr size_t kInline = 24;
  static_assert(MAX_HANDLE_SZ <= UINT8_MAX);

  std::span<const std::byte> bytes() const {
    return {length_ > kInline ? longer_ : inline_.data(), length_};
  }
  void Assign(int type, std::span<const std::byte> bytes);
  void Take(HostFileHandle& other);
  void Free() {
    if (length_ > kInline) {
      delete[] longer_;
    }
  }

  union {
    std::array<std::byte, kInline> inline_ = {};
    std::byte* longer_;
  };
  int32_t type_ = 0;
  uint8_t length_ = 0;
};

}  // namespace vfsd::fs::passthrough
