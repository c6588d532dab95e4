// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "fuse/name.h"

namespace vfsd::fuse {

/** Takes a request's arguments apart, front to back. Works on the private copy, never on guest
 * memory. */
class RequestBody {
 public:
  RequestBody() = default;
  explicit RequestBody(std::span<const std::byte> bytes) : rest_(bytes) {}

  size_t remaining() const { return rest_.size(); }

  /**
   * The fixed part at the front. Precondition, kept by the table of operations: at least
   * `sizeof(T)` bytes are there; a shorter body never reaches a handler.
   */
  template <typename T>
  T Fixed() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const size_t size = std::min(sizeof value, rest_.size());
    std::memcpy(&value, rest_.data(), size);
    rest_ = rest_.subspan(size);
    return value;
  }

  /** A string up to its NUL. EINVAL when there is none. */
  Result<std::string_view> String() {
    const auto* text = reinterpret_cast<const char*>(rest_.data());
    const auto* end = rest_.empty() ? nullptr : std::memchr(text, '\0', rest_.size());
    if (end == nullptr) {
      return Errno(EINVAL);
    }
    const std::string_view value(text, static_cast<size_t>(static_cast<const char*>(end) - text));
    rest_ = rest_.subspan(value.size() + 1);
    return value;
  }

  /** A directory entry's name, checked. */
  Result<Name> EntryName() {
    const Result<std::string_view> text = String();
    return text ? Name::Check(*text) : Result<Name>(text.error());
  }

  /** The next `size` bytes. EINVAL when there are fewer. */
  Result<std::span<const std::byte>> Bytes(size_t size) {
    if (size > rest_.size()) {
      return Errno(EINVAL);
    }
    const auto bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace vfsd::fuse
