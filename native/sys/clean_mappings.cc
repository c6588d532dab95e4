// SPDX-License-Identifier: Apache-2.0
#include "sys/clean_mappings.h"

#include <sys/mman.h>

#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace vfsd::sys {
namespace {

/** "start-end perms offset device inode path": the range if it is a file's, private and not
 * writable. */
std::optional<CleanMappings::Range> ReadHeader(std::string_view line) {
  uintptr_t start = 0;
  uintptr_t end = 0;
  const char* const last = line.data() + line.size();
  const auto [dash, first_error] = std::from_chars(line.data(), last, start, 16);
  if (first_error != std::errc() || dash == last || *dash != '-') {
    return std::nullopt;
  }
  const auto [space, second_error] = std::from_chars(dash + 1, last, end, 16);
  if (second_error != std::errc() || end <= start) {
    return std::nullopt;
  }
  const std::string_view rest(space, static_cast<size_t>(last - space));
  const bool is_program = rest.starts_with(" r--p ") || rest.starts_with(" r-xp ");
  const size_t path = rest.find('/');
  if (!is_program || path == std::string_view::npos) {
    return std::nullopt;
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): that is what the kernel writes
  return CleanMappings::Range{reinterpret_cast<std::byte*>(start), end - start};
}

bool IsHeader(std::string_view line) {
  // Fields begin with a capital letter.
  return !line.empty() && (line.front() < 'A' || line.front() > 'Z');
}

}  // namespace

std::vector<CleanMappings::Range> CleanMappings::Find(std::istream& smaps) {
  std::vector<Range> found;
  std::optional<Range> current;
  for (std::string line; std::getline(smaps, line);) {
    if (IsHeader(line)) {
      current = ReadHeader(line);
      continue;
    }
    // Pages that are no longer the file's, as where the loader has put addresses in, would be lost.
    if (line.starts_with("Anonymous:")) {
      if (current && line.find_first_of("123456789") == std::string::npos) {
        found.push_back(*current);
      }
      current.reset();
    }
  }
  return found;
}

Result<CleanMappings> CleanMappings::OfThisProcess() {
  std::ifstream smaps("/proc/self/smaps");
  if (!smaps) {
    return Errno(ENOENT);
  }
  return CleanMappings(Find(smaps));
}

Status CleanMappings::Drop() const {
  for (const Range& range : ranges_) {
    if (madvise(range.start, range.length, MADV_DONTNEED) != 0) {
      return Errno::Last();
    }
  }
  return {};
}

}  // namespace vfsd::sys
