// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>

#include "abi/fuse.h"
#include "base/retry.h"
#include "fs/passthrough/inode_table.h"
#include "fuse/session.h"

namespace vfsd::fs::passthrough {

inline constexpr unsigned kWantedAttributes = STATX_BASIC_STATS | STATX_MNT_ID;

/** statx(2) of a name in a directory, or of the directory's descriptor itself when `name` is "".
 * Follows nothing. */
inline Result<struct statx> Stat(int directory, const char* name) {
  struct statx attributes;
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name[0] == '\0' ? AT_EMPTY_PATH : 0);
  const auto answer =
      Retry([&] { return statx(directory, name, flags, kWantedAttributes, &attributes); });
  if (!answer) {
    return answer.error();
  }
  return attributes;
}

inline InodeKey KeyOf(const struct statx& attributes) {
  return {attributes.stx_mnt_id, makedev(attributes.stx_dev_major, attributes.stx_dev_minor),
          attributes.stx_ino};
}

/** A device number as FUSE carries it: the kernel's 32-bit encoding (new_encode_dev). */
constexpr uint32_t EncodeDevice(uint32_t major, uint32_t minor) {
  return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

inline dev_t DecodeDevice(uint32_t encoded) {
  return makedev((encoded & 0xfff00) >> 8, (encoded & 0xff) | (encoded >> 12 & 0xfff00));
}

inline abi::fuse_attr ToFuse(const struct statx& attributes) {
  return {
      .ino = attributes.stx_ino,
      .size = attributes.stx_size,
      .blocks = attributes.stx_blocks,
      .atime = static_cast<uint64_t>(attributes.stx_atime.tv_sec),
      .mtime = static_cast<uint64_t>(attributes.stx_mtime.tv_sec),
      .ctime = static_cast<uint64_t>(attributes.stx_ctime.tv_sec),
      .atimensec = attributes.stx_atime.tv_nsec,
      .mtimensec = attributes.stx_mtime.tv_nsec,
      .ctimensec = attributes.stx_ctime.tv_nsec,
      .mode = attributes.stx_mode,
      .nlink = attributes.stx_nlink,
      .uid = attributes.stx_uid,
      .gid = attributes.stx_gid,
      .rdev = EncodeDevice(attributes.stx_rdev_major, attributes.stx_rdev_minor),
      .blksize = attributes.stx_blksize,
      .flags = 0,
  };
}

/** For how long the guest may believe names and attributes, in seconds. */
constexpr uint64_t ValidSeconds(fuse::CacheMode cache) {
  constexpr uint64_t kDay = 86400;
  switch (cache) {
    case fuse::CacheMode::kNever:
      return 0;
    case fuse::CacheMode::kAuto:
      return 1;
    case fuse::CacheMode::kMetadata:
    case fuse::CacheMode::kAlways:
      return kDay;
  }
  return 0;
}

}  // namespace vfsd::fs::passthrough
