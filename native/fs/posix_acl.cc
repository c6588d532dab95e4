// SPDX-License-Identifier: Apache-2.0
#include "fs/posix_acl.h"

#include <algorithm>
#include <cstring>

namespace vfsd::fs {
namespace {

using Entry = abi::posix_acl_xattr_entry;

Status TranslateIds(std::span<Entry> entries, const IdTable& users, const IdTable& groups) {
  for (Entry& entry : entries) {
    // The id of the others means nothing.
    if (entry.tag != abi::ACL_USER && entry.tag != abi::ACL_GROUP) {
      continue;
    }
    if (entry.id == abi::ACL_UNDEFINED_ID) {
      return Errno(EINVAL);
    }
    const auto id = (entry.tag == abi::ACL_USER ? users : groups).Translate(entry.id);
    if (!id) {
      return id.error();
    }
    entry.id = *id;
  }
  return {};
}

/** Where the entries end that are for a user, or a group, as the first one is. */
size_t RunLength(std::span<const Entry> entries) {
  const uint16_t tag = entries.front().tag;
  if (tag != abi::ACL_USER && tag != abi::ACL_GROUP) {
    return 1;
  }
  size_t length = 1;
  while (length < entries.size() && entries[length].tag == tag) {
    ++length;
  }
  return length;
}

}  // namespace

Result<std::span<Entry>> PosixAclEntries(std::span<std::byte> value) {
  abi::posix_acl_xattr_header header;
  if (value.size() < sizeof header || (value.size() - sizeof header) % sizeof(Entry) != 0) {
    return Errno(EINVAL);
  }
  std::memcpy(&header, value.data(), sizeof header);
  if (header.version != abi::POSIX_ACL_XATTR_VERSION) {
    return Errno(EOPNOTSUPP);
  }
  const auto bytes = value.subspan(sizeof header);
  return std::span(reinterpret_cast<Entry*>(bytes.data()), bytes.size() / sizeof(Entry));
}

// The kernel takes the first entry for a user that it finds, and any for a group: two entries for
// one id would make the order decide, or the more generous one. They become one here. Uniting what
// they permit would give somebody what was meant for another; a list that denies a user something
// must not lose that because the user shares an id with somebody now.
Result<size_t> TranslatePosixAcl(std::span<std::byte> value, const IdTable& users,
                                 const IdTable& groups, Conflict conflict) {
  // To the kernel, nothing is no list.
  if (value.empty()) {
    return size_t{0};
  }
  const auto entries = PosixAclEntries(value);
  if (!entries) {
    return entries.error();
  }
  const Status translated = TranslateIds(*entries, users, groups);
  if (!translated) {
    return translated.error();
  }
  size_t kept = 0;
  for (std::span<Entry> rest = *entries; !rest.empty();) {
    const std::span<Entry> run = rest.first(RunLength(rest));
    rest = rest.subspan(run.size());
    // By permissions too, so that the outcome does not depend on the order of what was given.
    std::sort(run.begin(), run.end(), [](const Entry& one, const Entry& other) {
      return one.id != other.id ? one.id < other.id : one.perm < other.perm;
    });
    const size_t begin = kept;
    for (const Entry entry : run) {
      Entry* last = kept > begin ? &(*entries)[kept - 1] : nullptr;
      if (last == nullptr || last->id != entry.id) {
        (*entries)[kept++] = entry;
      } else if (last->perm != entry.perm && conflict == Conflict::kRefuse) {
        return Errno(EINVAL);
      } else {
        last->perm = static_cast<uint16_t>(last->perm & entry.perm);
      }
    }
  }
  return sizeof(abi::posix_acl_xattr_header) + kept * sizeof(Entry);
}

}  // namespace vfsd::fs
