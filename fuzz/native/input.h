// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <type_traits>

namespace vfsd::fuzz {

/** What the fuzzer gives, taken off the front. Behind its end there are zeros. */
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const std::byte*>(data), size) {}

  bool empty() const { return rest_.empty(); }

  template <typename T>
  T Take() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const auto bytes = Bytes(sizeof value);
    // An empty span need not have an address.
    if (!bytes.empty()) {
      std::memcpy(&value, bytes.data(), bytes.size());
    }
    return value;
  }

  /** From 0 to `limit` - 1. */
  uint32_t Below(uint32_t limit) { return Take<uint16_t>() % limit; }

  /** The next `size` bytes, or all that are left. */
  std::span<const std::byte> Bytes(size_t size) {
    const auto bytes = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(bytes.size());
    return bytes;
  }

 private:
  std::span<const std::byte> rest_;
};

/** Ends the program, so that the fuzzer keeps the input, unless something holds that must. */
inline void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

}  // namespace vfsd::fuzz
