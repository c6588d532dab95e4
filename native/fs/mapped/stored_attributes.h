// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <optional>

#include "abi/fuse.h"
#include "fs/device_number.h"

namespace vfsd::fs::mapped {

/** Permission bits and set-id bits: what chmod(2) can change. */
inline constexpr uint32_t kModeBits = 07777;

/**
 * What is kept about an object beside it, in one of QEMU's formats. What is missing is as the host
 * has it.
 */
struct StoredAttributes {
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
  /** The whole of st_mode. */
  std::optional<uint32_t> mode;
  /** As st_rdev has it. */
  std::optional<uint64_t> rdev;

  bool empty() const { return !uid && !gid && !mode && !rdev; }

  /** Takes what `change` has. */
  void Merge(const StoredAttributes& change) {
    uid = change.uid ? change.uid : uid;
    gid = change.gid ? change.gid : gid;
    mode = change.mode ? change.mode : mode;
    rdev = change.rdev ? change.rdev : rdev;
  }
};

inline bool IsDevice(uint32_t mode) {
  return S_ISCHR(mode) || S_ISBLK(mode);
}

/**
 * The mode that the guest gets to see. What is a directory is for the host to say: a guest could do
 * nothing with an object that is one to it and none to the host. The same for a mode without a
 * type.
 */
inline uint32_t EffectiveMode(uint32_t host_mode, const StoredAttributes& stored) {
  if (!stored.mode) {
    return host_mode;
  }
  const bool has_type = (*stored.mode & S_IFMT) != 0;
  const uint32_t type = has_type && S_ISDIR(*stored.mode) == S_ISDIR(host_mode)
                            ? *stored.mode & S_IFMT
                            : host_mode & S_IFMT;
  return type | (*stored.mode & kModeBits);
}

inline void Overlay(const StoredAttributes& stored, abi::fuse_attr& attributes) {
  attributes.uid = stored.uid.value_or(attributes.uid);
  attributes.gid = stored.gid.value_or(attributes.gid);
  attributes.mode = EffectiveMode(attributes.mode, stored);
  if (stored.rdev && IsDevice(attributes.mode)) {
    attributes.rdev = EncodeDevice(major(*stored.rdev), minor(*stored.rdev));
  }
}

inline void Overlay(const StoredAttributes& stored, abi::fuse_statx& attributes) {
  attributes.uid = stored.uid.value_or(attributes.uid);
  attributes.gid = stored.gid.value_or(attributes.gid);
  attributes.mode = static_cast<uint16_t>(EffectiveMode(attributes.mode, stored));
  if (stored.rdev && IsDevice(attributes.mode)) {
    attributes.rdev_major = major(*stored.rdev);
    attributes.rdev_minor = minor(*stored.rdev);
  }
}

}  // namespace vfsd::fs::mapped
