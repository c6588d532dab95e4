// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include "base/result.h"

namespace vfsd::proxy_helper {

/** A text of a request as system calls take it. */
class CText {
 public:
  /** ENAMETOOLONG: the kernel takes none of that length. EINVAL: it has a NUL, at which the kernel
   * would see another text than the client. */
  Status Assign(std::string_view text) {
    if (text.size() >= bytes_.size()) {
      return Errno(ENAMETOOLONG);
    }
    if (text.find('\0') != std::string_view::npos) {
      return Errno(EINVAL);
    }
    // The text of an empty body need not have an address.
    if (!text.empty()) {
      std::memcpy(bytes_.data(), text.data(), text.size());
    }
    bytes_[text.size()] = '\0';
    return {};
  }

  char* data() { return bytes_.data(); }
  const char* c_str() const { return bytes_.data(); }

 private:
  std::array<char, PATH_MAX> bytes_;
};

}  // namespace vfsd::proxy_helper
