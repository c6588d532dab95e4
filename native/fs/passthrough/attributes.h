// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdint>

#include "abi/fuse.h"
#include "base/retry.h"
#include "fs/device_number.h"
#include "fs/granted_access.h"
#include "fs/passthrough/inode.h"
#include "fuse/session.h"

namespace vfsd::fs::passthrough {

inline constexpr unsigned kWantedAttributes = STATX_BASIC_STATS | STATX_MNT_ID;

/** statx(2) of a name in a directory, or of the directory's descriptor itself when `name` is "".
 * Follows nothing. */
inline Result<struct statx> Stat(int directory, const char* name,
                                 unsigned wanted = kWantedAttributes) {
  struct statx attributes;
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name[0] == '\0' ? AT_EMPTY_PATH : 0);
  const auto answer = Retry([&] { return statx(directory, name, flags, wanted, &attributes); });
  if (!answer) {
    return answer.error();
  }
  return attributes;
}

inline InodeKey KeyOf(const struct statx& attributes) {
  return {attributes.stx_mnt_id, makedev(attributes.stx_dev_major, attributes.stx_dev_minor),
          attributes.stx_ino};
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

inline abi::fuse_sx_time ToFuse(const statx_timestamp& time) {
  return {.tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec, .reserved = 0};
}

inline abi::fuse_statx ToFuseStatx(const struct statx& attributes) {
  return {
      .mask = attributes.stx_mask & (STATX_BASIC_STATS | STATX_BTIME),
      .blksize = attributes.stx_blksize,
      .attributes = attributes.stx_attributes,
      .nlink = attributes.stx_nlink,
      .uid = attributes.stx_uid,
      .gid = attributes.stx_gid,
      .mode = attributes.stx_mode,
      .spare0 = 0,
      .ino = attributes.stx_ino,
      .size = attributes.stx_size,
      .blocks = attributes.stx_blocks,
      .attributes_mask = attributes.stx_attributes_mask,
      .atime = ToFuse(attributes.stx_atime),
      .btime = ToFuse(attributes.stx_btime),
      .ctime = ToFuse(attributes.stx_ctime),
      .mtime = ToFuse(attributes.stx_mtime),
      .rdev_major = attributes.stx_rdev_major,
      .rdev_minor = attributes.stx_rdev_minor,
      .dev_major = attributes.stx_dev_major,
      .dev_minor = attributes.stx_dev_minor,
      .spare2 = {},
  };
}

/** Of a mode, what chmod(2) can change. */
inline constexpr uint32_t kModeBits = 07777;

}  // namespace vfsd::fs::passthrough
