// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/limits.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vfsd::fs {

/** One rule for the names of extended attributes. */
struct XattrRule {
  enum class Type : uint8_t {
    kPrefix,       // `prepend` comes in front of the guest's name, and off the host's
    kOk,           // the name is the same on both sides
    kBad,          // EPERM for the guest, which reads nothing; the host's name is hidden
    kUnsupported,  // EOPNOTSUPP for the guest; the host's name is hidden
  };

  Type type;
  /** It is for names that the guest uses and that begin with `key`. */
  bool client;
  /** It is for names that the host lists and that begin with `prepend`. */
  bool server;
  std::string key;
  std::string prepend;
};

/** Rules in their order: the first that is for a name decides. */
class XattrRules {
 public:
  /** Room for the longest name, terminated. */
  using NameBuffer = std::array<char, XATTR_NAME_MAX + 1>;

  explicit XattrRules(std::vector<XattrRule> rules) : rules_(std::move(rules)) {}

  /**
   * What the host calls an attribute of the guest's: terminated, `name` itself or in `buffer`.
   * ERANGE: longer than a name can be, as setxattr(2) says it. EPERM also where no rule is for it.
   */
  Result<const char*> ToHost(const char* name, NameBuffer& buffer) const;

  /** What the guest calls an attribute of the host's: a part of `name`. Nothing: it is hidden, as
   * is what no rule is for. */
  std::optional<std::string_view> ToGuest(std::string_view name) const;

 private:
  std::vector<XattrRule> rules_;
};

}  // namespace vfsd::fs
