// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/sysmacros.h>
#include <sys/types.h>

#include <cstdint>

namespace vfsd::fs {

/** A device number as FUSE carries it: the kernel's 32-bit encoding (new_encode_dev), of 12 bits
 * and 20. */
constexpr uint32_t EncodeDevice(uint32_t major, uint32_t minor) {
  return (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xfff00) << 12;
}

inline dev_t DecodeDevice(uint32_t encoded) {
  return makedev((encoded & 0xfff00) >> 8, (encoded & 0xff) | (encoded >> 12 & 0xfff00));
}

}  // namespace vfsd::fs
