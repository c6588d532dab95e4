// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "identity/guest_ids.h"

namespace vfsd::fuse {

/** An extended attribute that an object has from its first moment: what a security module of the
 * guest calls its label. */
struct SecurityLabel {
  /** Terminated, at most 255 bytes long. */
  const char* name;
  std::span<const std::byte> value;
};

/** How something new is to be: what MKNOD, MKDIR, SYMLINK, CREATE and TMPFILE say beside a name.
 * Refers to the request's private copy. */
struct NewObject {
  /** Permission bits, and for MKNOD the type. */
  uint32_t mode = 0;
  /** Of the process that asks, when the daemon is to apply it (FUSE_DONT_MASK); else 0. */
  uint32_t umask = 0;
  /**
   * The group of the directory, when the process is a member of it by its supplementary groups
   * (FUSE_CREATE_SUPP_GROUP).
   */
  std::optional<identity::GuestGid> supplementary_group;
  std::span<const SecurityLabel> labels;
};

}  // namespace vfsd::fuse
