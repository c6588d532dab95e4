// SPDX-License-Identifier: Apache-2.0
//
// Files as the checks handle them: a descriptor that closes itself, whole contents in and out.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"

namespace checks {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const std::string& path, int flags, mode_t mode = 0644,
       const Location& where = Location::current());
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  ~File();

  operator int() const { return fd_; }  // NOLINT: it stands where a descriptor stands
  void Close(const Location& where = Location::current());

 private:
  int fd_;
};

// Bytes that differ from place to place, and from seed to seed.
std::string Pattern(size_t size, unsigned seed = 1);

void WriteFile(const std::string& path, std::string_view content,
               const Location& where = Location::current());
std::string ReadFile(const std::string& path, const Location& where = Location::current());

// All of it or a failure; a short read ends at the end of the file.
void WriteAt(int fd, std::string_view content, off_t offset,
             const Location& where = Location::current());
std::string ReadAt(int fd, size_t size, off_t offset, const Location& where = Location::current());

struct stat Stat(const std::string& path, const Location& where = Location::current());
struct stat LinkStat(const std::string& path, const Location& where = Location::current());
struct stat Stat(int fd, const Location& where = Location::current());
bool Exists(const std::string& path);

mode_t Permissions(const std::string& path, const Location& where = Location::current());

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;
Directory OpenDirectory(const std::string& path, const Location& where = Location::current());

// The names from here to the end of the directory, in its order, without "." and "..".
std::vector<std::string> RemainingNames(DIR* directory,
                                        const Location& where = Location::current());
std::vector<std::string> SortedNames(const std::string& path,
                                     const Location& where = Location::current());

}  // namespace checks
