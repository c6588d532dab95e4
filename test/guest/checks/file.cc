// SPDX-License-Identifier: Apache-2.0
#include "file.h"

#include <algorithm>

namespace checks {

File::File(const std::string& path, int flags, mode_t mode, const Location& where)
    : fd_(static_cast<int>(Must(open(path.c_str(), flags | O_CLOEXEC, mode), where))) {}

File::~File() {
  if (fd_ >= 0) close(fd_);
}

void File::Close(const Location& where) {
  const int fd = fd_;
  fd_ = -1;
  Must(close(fd), where);
}

std::string Pattern(size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  unsigned state = seed * 2654435761U + 1;
  for (char& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

void WriteAt(int fd, std::string_view content, off_t offset, const Location& where) {
  while (!content.empty()) {
    const auto written =
        static_cast<size_t>(Must(pwrite(fd, content.data(), content.size(), offset), where));
    content.remove_prefix(written);
    offset += static_cast<off_t>(written);
  }
}

std::string ReadAt(int fd, size_t size, off_t offset, const Location& where) {
  std::string content(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    const auto length = static_cast<size_t>(
        Must(pread(fd, content.data() + filled, size - filled, offset + static_cast<off_t>(filled)),
             where));
    if (length == 0) break;
    filled += length;
  }
  content.resize(filled);
  return content;
}

void WriteFile(const std::string& path, std::string_view content, const Location& where) {
  File file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644, where);
  WriteAt(file, content, 0, where);
  file.Close(where);
}

std::string ReadFile(const std::string& path, const Location& where) {
  const File file(path, O_RDONLY, 0, where);
  constexpr size_t kPiece = size_t{1} << 20;
  std::string content;
  for (;;) {
    const std::string piece = ReadAt(file, kPiece, static_cast<off_t>(content.size()), where);
    content += piece;
    if (piece.size() < kPiece) return content;
  }
}

struct stat Stat(const std::string& path, const Location& where) {
  struct stat attributes {};
  Must(stat(path.c_str(), &attributes), where);
  return attributes;
}

struct stat LinkStat(const std::string& path, const Location& where) {
  struct stat attributes {};
  Must(lstat(path.c_str(), &attributes), where);
  return attributes;
}

struct stat Stat(int fd, const Location& where) {
  struct stat attributes {};
  Must(fstat(fd, &attributes), where);
  return attributes;
}

bool Exists(const std::string& path) {
  struct stat attributes {};
  return lstat(path.c_str(), &attributes) == 0;
}

mode_t Permissions(const std::string& path, const Location& where) {
  return Stat(path, where).st_mode & 07777;
}

Directory OpenDirectory(const std::string& path, const Location& where) {
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) Must(-1, where);
  return {directory, closedir};
}

std::vector<std::string> RemainingNames(DIR* directory, const Location& where) {
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) Must(-1, where);
  return names;
}

std::vector<std::string> SortedNames(const std::string& path, const Location& where) {
  std::vector<std::string> names = RemainingNames(OpenDirectory(path, where).get(), where);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace checks
