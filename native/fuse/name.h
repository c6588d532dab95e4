// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <climits>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/result.h"

namespace vfsd::fuse {

/**
 * The name of a directory entry: one path component that cannot lead anywhere else. There is no
 * other way to get a name from a request to a system call, so no file system code can forget the
 * check, whatever the sandbox.
 *
 * Refers to bytes in the request's private copy.
 */
class Name {
 public:
  /** `text` is followed by a NUL. EINVAL: empty, ".", "..", or with a slash. ENAMETOOLONG: over 255
   * bytes. */
  static Result<Name> Check(std::string_view text) {
    if (text.empty() || text == "." || text == ".." || text.find('/') != text.npos) {
      return Errno(EINVAL);
    }
    if (text.size() > NAME_MAX) {
      return Errno(ENAMETOOLONG);
    }
    return Name(text);
  }

  const char* c_str() const { return text_.data(); }
  std::string_view view() const { return text_; }

 private:
  explicit Name(std::string_view text) : text_(text) {}

  std::string_view text_;
};

}  // namespace vfsd::fuse
