// SPDX-License-Identifier: Apache-2.0

// What stands behind names in requests, access control lists, and the tables that names of
// attributes and ids are looked up in.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "abi/posix_acl.h"
#include "fs/id_translation_table.h"
#include "fs/posix_acl.h"
#include "fs/xattr_map_rules.h"
#include "fuse/extensions.h"
#include "input.h"

namespace vfsd::fuzz {
namespace {

std::string Text(Input& input, uint32_t longest) {
  const auto bytes = input.Bytes(input.Below(longest + 1));
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // Names end at their first NUL.
  text.resize(std::min(text.size(), text.find('\0')));
  return text;
}

void FuzzNames(Input& input) {
  std::vector<fs::XattrRule> rules;
  for (uint32_t count = input.Below(6); count > 0; --count) {
    const auto type = static_cast<fs::XattrRule::Type>(input.Below(4));
    const uint32_t scope = input.Below(4);
    rules.push_back({type, (scope & 1) != 0, (scope & 2) != 0, Text(input, 20), Text(input, 300)});
  }
  const fs::XattrRules table(rules);
  const std::string name = Text(input, XATTR_NAME_MAX);
  fs::XattrRules::NameBuffer buffer;
  const auto host = table.ToHost(name.c_str(), buffer);
  if (host) {
    const size_t length = std::strlen(*host);
    Require(length <= XATTR_NAME_MAX, "a name of the host is no longer than a name can be");
    Require(std::string_view(*host).ends_with(name), "the guest's name is kept");
  }
  const auto guest = table.ToGuest(name);
  Require(!guest || (!guest->empty() || name.empty()), "what is shown has a name");
  Require(!guest || std::string_view(name).ends_with(*guest), "the host's name is kept");
}

/** Ranges that have no id in common, as the control plane makes sure. */
fs::IdTable SomeTable(Input& input) {
  std::vector<fs::IdRange> ranges;
  uint64_t base = input.Below(100);
  for (uint32_t count = input.Below(5); count > 0 && base < UINT32_MAX; --count) {
    const auto length = static_cast<uint32_t>(
        std::min<uint64_t>(1 + input.Take<uint32_t>() % 100'000, UINT32_MAX - base));
    const auto target =
        static_cast<uint32_t>(input.Take<uint32_t>() % (UINT32_MAX - length + 1ull));
    ranges.push_back({static_cast<fs::IdRange::Action>(input.Below(3)), static_cast<uint32_t>(base),
                      target, length});
    base += length + input.Take<uint32_t>() % 1000;
  }
  return fs::IdTable(std::move(ranges));
}

void FuzzIds(Input& input) {
  const fs::IdTable table = SomeTable(input);
  for (int i = 0; i < 8; ++i) {
    const auto id = input.Take<uint32_t>();
    const auto translated = table.Translate(id);
    Require(!translated || *translated != UINT32_MAX || id == UINT32_MAX,
            "nobody is made of nobody else");
    Require(translated || translated.error() == Errno(EPERM), "what is refused is forbidden");
  }
}

void FuzzAccessList(Input& input) {
  const fs::IdTable users = SomeTable(input);
  const fs::IdTable groups = SomeTable(input);
  const auto conflict = input.Below(2) == 0 ? fs::Conflict::kRefuse : fs::Conflict::kRestrict;
  const auto bytes = input.Bytes(input.Below(600));
  // Of just this size, and at any address.
  const auto room = std::make_unique<std::byte[]>(bytes.size() + 1);
  const std::span value(room.get() + 1, bytes.size());
  std::ranges::copy(bytes, value.begin());
  const auto length = fs::TranslatePosixAcl(value, users, groups, conflict);
  if (!length) {
    return;
  }
  Require(*length <= value.size(), "a list does not grow");
  using Entry = abi::posix_acl_xattr_entry;
  for (size_t at = sizeof(abi::posix_acl_xattr_header); at + 2 * sizeof(Entry) <= *length;
       at += sizeof(Entry)) {
    Entry pair[2];
    std::memcpy(pair, value.data() + at, sizeof pair);
    const bool named = pair[0].tag == abi::ACL_USER || pair[0].tag == abi::ACL_GROUP;
    Require(!named || pair[0].tag != pair[1].tag || pair[0].id < pair[1].id,
            "users and groups are in order, and each is there once");
  }
}

void FuzzExtensions(Input& input) {
  const auto bytes = input.Bytes(SIZE_MAX);
  const auto copy = std::make_unique<std::byte[]>(bytes.size());
  std::ranges::copy(bytes, copy.get());
  fuse::RequestBody body(std::span<const std::byte>(copy.get(), bytes.size()));
  fuse::Extensions extensions;
  if (!extensions.Parse(body)) {
    return;
  }
  Require(body.remaining() == 0, "everything was understood");
  const auto* const end = copy.get() + bytes.size();
  for (const fuse::SecurityLabel& label : extensions.labels()) {
    const auto* const name = reinterpret_cast<const std::byte*>(label.name);
    Require(name >= copy.get() && name + std::strlen(label.name) < end, "a label's name is there");
    Require(label.value.data() >= copy.get() && label.value.data() + label.value.size() <= end,
            "a label's value is there");
  }
}

}  // namespace
}  // namespace vfsd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace vfsd::fuzz;  // NOLINT(google-build-using-namespace): the entry is C's
  Input input(data, size);
  switch (input.Take<uint8_t>() % 4) {
    case 0:
      FuzzNames(input);
      break;
    case 1:
      FuzzIds(input);
      break;
    case 2:
      FuzzAccessList(input);
      break;
    default:
      FuzzExtensions(input);
      break;
  }
  return 0;
}
