// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace vfsd::proxy_helper {

// What QEMU's proxy file system (up to 9.1) says to its helper: a header of two 32-bit numbers, the
// type and the size of what follows, then the fields. Numbers are in the machine's own byte order
// and stand at any address; a text is its length in 16 bits and its bytes, of which the last one of
// a path may be an end mark.

enum class RequestType : uint32_t {
  kOpen = 2,
  kCreate,
  kMknod,
  kMkdir,
  kSymlink,
  kLink,
  kLstat,
  kReadlink,
  kStatfs,
  kChmod,
  kChown,
  kTruncate,
  kUtime,
  kRename,
  kRemove,
  kLgetxattr,
  kLlistxattr,
  kLsetxattr,
  kLremovexattr,
  kGetversion,
};

/** The type of an answer. */
enum class AnswerType : uint32_t { kSuccess = 0, kError = 1 };

inline constexpr size_t kHeaderSize = 8;
inline constexpr size_t kMaxBody = 65536;
inline constexpr size_t kTextLengthSize = sizeof(uint16_t);
/** The longest text that an answer has room for. */
inline constexpr size_t kMaxAnswerText = kMaxBody - kTextLengthSize;

/** In the place of an errno: the answer brings a descriptor. */
inline constexpr int32_t kBringsDescriptor = 0x7fffffff;

}  // namespace vfsd::proxy_helper
