// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/unique_fd.h"
#include "proxy-helper/protocol.h"

namespace vfsd::proxy_helper {

/** What an operation answers where it succeeds: fields, a descriptor, or nothing. */
class Answer {
 public:
  void Clear() {
    size_ = 0;
    descriptor_.Reset();
  }

  void U32(uint32_t number) { Number(number); }
  void U64(uint64_t number) { Number(number); }

  /** Where the bytes of a text go that is the whole answer: as many as fit. */
  std::span<char> TextRoom() {
    return {reinterpret_cast<char*>(body_.data() + kTextLengthSize), kMaxAnswerText};
  }
  /** Precondition: `length` is no more than that room. */
  void FinishText(size_t length) {
    size_ = 0;
    Number(static_cast<uint16_t>(length));
    size_ += length;
  }

  void Give(UniqueFd descriptor) { descriptor_ = std::move(descriptor); }

  std::span<const std::byte> body() const { return {body_.data(), size_}; }
  /** -1: there is none. */
  int descriptor() const { return descriptor_.get(); }

 private:
  template <typename T>
  void Number(T number) {
    // The longest answer in numbers has 116 bytes.
    std::memcpy(body_.data() + size_, &number, sizeof number);
    size_ += sizeof number;
  }

  std::array<std::byte, kMaxBody> body_;
  size_t size_ = 0;
  UniqueFd descriptor_;
};

}  // namespace vfsd::proxy_helper
