// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "proxy-helper/protocol.h"

namespace vfsd::proxy_helper {

/**
 * Takes a request's body apart, field by field. What is asked of it beyond the end is zero, or
 * empty; whoever has asked for all fields asks once whether they were what the body has.
 */
class Fields {
 public:
  explicit Fields(std::span<const std::byte> body) : rest_(body) {}

  uint32_t U32() { return Number<uint32_t>(); }
  uint64_t U64() { return Number<uint64_t>(); }

  /** Lies in the body, and may have any bytes. */
  std::string_view Text() {
    const size_t length = Number<uint16_t>();
    if (broken_ || length > rest_.size()) {
      broken_ = true;
      return {};
    }
    const std::string_view text(reinterpret_cast<const char*>(rest_.data()), length);
    rest_ = rest_.subspan(length);
    return text;
  }

  /** The body has ended with the last field, and not before. */
  bool AreComplete() {
    broken_ = broken_ || !rest_.empty();
    return !broken_;
  }

  /** It was asked, and was not so. */
  bool broken() const { return broken_; }

 private:
  template <typename T>
  T Number() {
    static_assert(std::is_unsigned_v<T>);
    T number = 0;
    if (broken_ || rest_.size() < sizeof number) {
      broken_ = true;
      return 0;
    }
    std::memcpy(&number, rest_.data(), sizeof number);
    rest_ = rest_.subspan(sizeof number);
    return number;
  }

  std::span<const std::byte> rest_;
  bool broken_ = false;
};

}  // namespace vfsd::proxy_helper
