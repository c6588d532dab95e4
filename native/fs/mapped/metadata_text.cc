// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/metadata_text.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace vfsd::fs::mapped {
namespace {

/** QEMU reads no more at once: what is longer goes on as a line of its own. */
constexpr size_t kLongestLine = 99;

/** The number behind a key and one character more, if the line begins with the key. */
template <typename Number>
void Take(std::string_view line, std::string_view key, std::optional<Number>& number) {
  if (!line.starts_with(key)) {
    return;
  }
  const std::string rest(line.substr(std::min(line.size(), key.size() + 1)));
  number = static_cast<uint32_t>(strtol(rest.c_str(), nullptr, 10));
}

}  // namespace

StoredAttributes ParseMetadata(std::string_view text) {
  StoredAttributes stored;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), kLongestLine));
    text.remove_prefix(line.size());
    if (line.size() < kLongestLine && !text.empty()) {
      text.remove_prefix(1);
    }
    Take(line, "virtfs.uid", stored.uid);
    Take(line, "virtfs.gid", stored.gid);
    Take(line, "virtfs.mode", stored.mode);
    Take(line, "virtfs.rdev", stored.rdev);
  }
  return stored;
}

MetadataText::MetadataText(const StoredAttributes& stored) {
  if (stored.uid) {
    AddLine("uid", *stored.uid);
  }
  if (stored.gid) {
    AddLine("gid", *stored.gid);
  }
  if (stored.mode) {
    AddLine("mode", *stored.mode);
  }
  if (stored.rdev) {
    AddLine("rdev", static_cast<uint32_t>(*stored.rdev));
  }
}

void MetadataText::AddLine(const char* key, uint32_t value) {
  // Four lines of the longest key and number have room.
  length_ +=
      static_cast<size_t>(snprintf(&text_[length_], text_.size() - length_,
                                   "virtfs.%s=%" PRId32 "\n", key, static_cast<int32_t>(value)));
}

}  // namespace vfsd::fs::mapped
