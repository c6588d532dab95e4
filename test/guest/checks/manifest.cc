// SPDX-License-Identifier: Apache-2.0
#include "manifest.h"

#include <cctype>
#include <cinttypes>
#include <cstdio>

#include "file.h"
#include "sha256.h"

namespace checks {
namespace {

std::string Escaped(const std::string& path) {
  std::string text;
  for (const char character : path) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x80 && (std::isalnum(byte) != 0 ||
                        std::string_view("/._-").find(character) != std::string_view::npos)) {
      text += character;
      continue;
    }
    char code[4];
    std::snprintf(code, sizeof code, "%%%02X", byte);
    text += code;
  }
  return text;
}

char TypeLetter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 'f';
    case S_IFDIR:
      return 'd';
    case S_IFLNK:
      return 'l';
    case S_IFIFO:
      return 'p';
    case S_IFSOCK:
      return 's';
    case S_IFCHR:
      return 'c';
    case S_IFBLK:
      return 'b';
    default:
      return '?';
  }
}

std::string LinkTarget(const std::string& path) {
  std::string target(4096, '\0');
  target.resize(static_cast<size_t>(Must(readlink(path.c_str(), target.data(), target.size()))));
  return target;
}

std::string FileDigest(const std::string& path) {
  const File file(path, O_RDONLY | O_NOFOLLOW);
  constexpr size_t kPiece = size_t{1} << 18;
  Sha256 digest;
  off_t offset = 0;
  for (;;) {
    const std::string piece = ReadAt(file, kPiece, offset);
    digest.Add(piece);
    offset += static_cast<off_t>(piece.size());
    if (piece.size() < kPiece) return digest.HexDigest();
  }
}

std::string ContentDigest(const std::string& path, mode_t mode) {
  if (S_ISREG(mode)) return FileDigest(path);
  if (!S_ISLNK(mode)) return "-";
  Sha256 digest;
  digest.Add(LinkTarget(path));
  return digest.HexDigest();
}

void PrintTree(const std::string& base, const std::string& relative) {
  const std::string path = base + "/" + relative;
  const struct stat found = LinkStat(path);
  const bool has_size = S_ISREG(found.st_mode) || S_ISLNK(found.st_mode);
  const int64_t mtime = int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
  std::printf("%c %o %u %u %" PRId64 " %" PRId64 " %s %s\n", TypeLetter(found.st_mode),
              found.st_mode & 07777, found.st_uid, found.st_gid,
              has_size ? int64_t{found.st_size} : 0, mtime,
              ContentDigest(path, found.st_mode).c_str(), Escaped(relative).c_str());
  if (!S_ISDIR(found.st_mode)) return;
  for (const std::string& name : SortedNames(path)) PrintTree(base, relative + "/" + name);
}

}  // namespace

int PrintManifest(const char* directory) {
  try {
    for (const std::string& name : SortedNames(directory)) PrintTree(directory, name);
    return 0;
  } catch (const Failure& failure) {
    std::printf("manifest: %s\n", failure.what());
    return 1;
  }
}

}  // namespace checks
