// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/limits.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "fuse/file_system.h"

namespace vfsd::fs {

/**
 * Lists the names of extended attributes that `inner` has, as the guest gets to see them: what
 * `shown(name)` answers, a view of the end of the name or of nothing at all. As
 * FileSystem::ListXattr.
 */
template <typename Shown>
Result<size_t> ListShownNames(fuse::FileSystem& inner, fuse::RequestContext& context,
                              fuse::NodeId node, std::span<std::byte> names, Shown shown) {
  // Even one who asks for the length only has to be told that of the names that are left.
  std::array<char, XATTR_LIST_MAX> list;
  const auto length = inner.ListXattr(context, node, std::as_writable_bytes(std::span(list)));
  if (!length) {
    return length;
  }
  size_t kept = 0;
  for (size_t at = 0; at < *length;) {
    const std::string_view name(&list[at], strnlen(&list[at], *length - at));
    at += name.size() + 1;
    const std::optional<std::string_view> guest_name = shown(name);
    if (!guest_name) {
      continue;
    }
    // Names never get longer: nothing is written over that is still to be read.
    std::memmove(&list[kept], guest_name->data(), guest_name->size());
    kept += guest_name->size();
    list[kept++] = '\0';
  }
  if (names.empty()) {
    return kept;
  }
  if (kept > names.size()) {
    return Errno(ERANGE);
  }
  std::memcpy(names.data(), list.data(), kept);
  return kept;
}

}  // namespace vfsd::fs
