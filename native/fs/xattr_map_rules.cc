// SPDX-License-Identifier: Apache-2.0
#include "fs/xattr_map_rules.h"

#include <algorithm>

namespace vfsd::fs {

Result<const char*> XattrRules::ToHost(const char* name, NameBuffer& buffer) const {
  const std::string_view text(name);
  const auto rule = std::ranges::find_if(rules_, [&](const XattrRule& candidate) {
    return candidate.client && text.starts_with(candidate.key);
  });
  if (rule == rules_.end()) {
    return Errno(EPERM);
  }
  switch (rule->type) {
    case XattrRule::Type::kPrefix: {
      if (rule->prepend.size() + text.size() > XATTR_NAME_MAX) {
        return Errno(ERANGE);
      }
      char* end = std::ranges::copy(rule->prepend, buffer.data()).out;
      end = std::ranges::copy(text, end).out;
      *end = '\0';
      return buffer.data();
    }
    case XattrRule::Type::kOk:
      return name;
    case XattrRule::Type::kUnsupported:
      return Errno(EOPNOTSUPP);
    case XattrRule::Type::kBad:
      break;
  }
  return Errno(EPERM);
}

std::optional<std::string_view> XattrRules::ToGuest(std::string_view name) const {
  // `key` does not matter here: where only some names got a prefix, the names with this prefix that
  // came into being in another way lose it too, and are found by no other operation.
  const auto rule = std::ranges::find_if(rules_, [&](const XattrRule& candidate) {
    return candidate.server && name.starts_with(candidate.prepend);
  });
  if (rule == rules_.end()) {
    return std::nullopt;
  }
  switch (rule->type) {
    case XattrRule::Type::kPrefix: {
      const std::string_view rest = name.substr(rule->prepend.size());
      // Nothing is no name, and would end a list for some of those who read it.
      return rest.empty() ? std::nullopt : std::optional(rest);
    }
    case XattrRule::Type::kOk:
      return name;
    case XattrRule::Type::kBad:
    case XattrRule::Type::kUnsupported:
      break;
  }
  return std::nullopt;
}

}  // namespace vfsd::fs
