// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace vfsd::fs::mapped {

// What a kernel does about access control lists and mode bits where the lists are its own. Where
// they are kept in other attributes, the daemon has to. Values are those of
// system.posix_acl_access; EINVAL: it is none, EOPNOTSUPP: of another version.

/** What a list says about the mode. */
struct ModeOfList {
  /** The nine permission bits; the group's are the mask's if there is one. */
  uint32_t permissions;
  /** There is nothing else in it: the mode says all. */
  bool is_mode;
};

Result<ModeOfList> ReadModeOfList(std::span<std::byte> list);

/** Makes a file's list agree with its new mode, in place (chmod(2)). */
Status SetModeOfList(std::span<std::byte> list, uint32_t mode);

/** Makes a directory's default list the list of what is made in it with `mode`, in place. Answers
 * the mode that it gets. */
Result<ModeOfList> InheritList(std::span<std::byte> list, uint32_t mode);

}  // namespace vfsd::fs::mapped
