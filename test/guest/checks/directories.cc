// SPDX-License-Identifier: Apache-2.0
//
// MKDIR, RMDIR, OPENDIR, READDIR, READDIRPLUS.
#include <algorithm>

#include "file.h"

namespace checks {
namespace {

constexpr int kMany = 5'000;

void MakeFiles(const std::string& directory, int count) {
  for (int number = 0; number < count; ++number) {
    File(directory + "/" + std::to_string(number), O_WRONLY | O_CREAT).Close();
  }
}

// Sorted, so that one that comes twice stands beside itself.
void ExpectEachOnce(std::vector<std::string> names, size_t count) {
  std::sort(names.begin(), names.end());
  Expect(std::adjacent_find(names.begin(), names.end()) == names.end(), "no name comes twice");
  ExpectEqual(names.size(), count);
}

CHECK("a directory is made and removed") {
  Must(mkdir("directory", 0751));
  Expect(S_ISDIR(Stat("directory").st_mode), "it is a directory");
  ExpectEqual(Permissions("directory"), mode_t{0751});
  Must(rmdir("directory"));
  Expect(!Exists("directory"), "it is gone");
}

CHECK("a directory over an existing name is EEXIST") {
  WriteFile("file", "");
  Must(mkdir("directory", 0755));
  FailsWith(EEXIST, mkdir("file", 0755));
  FailsWith(EEXIST, mkdir("directory", 0755));
}

CHECK("a directory that is not empty is not removed") {
  Must(mkdir("directory", 0755));
  WriteFile("directory/file", "");
  FailsWith(ENOTEMPTY, rmdir("directory"));
}

CHECK("an empty directory lists itself and its parent") {
  const Directory directory = OpenDirectory(".");
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  ExpectEqual(names.size(), size_t{2});
  ExpectEqual(names.at(0) + " " + names.at(1), ". ..");
}

CHECK("a listing tells each entry's type and inode") {
  WriteFile("file", "");
  Must(mkdir("directory", 0755));
  Must(symlink("file", "link"));
  const Directory directory = OpenDirectory(".");
  while (const dirent* entry = readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name == "file") Expect(entry->d_type == DT_REG, "the file is a file");
    if (name == "directory") Expect(entry->d_type == DT_DIR, "the directory is a directory");
    if (name == "link") Expect(entry->d_type == DT_LNK, "the link is a link");
    if (name != "." && name != "..") ExpectEqual(entry->d_ino, LinkStat(name).st_ino);
  }
}

CHECK("5,000 files are listed, each exactly once, and can be asked about") {
  Must(mkdir("many", 0755));
  MakeFiles("many", kMany);
  const std::vector<std::string> names = RemainingNames(OpenDirectory("many").get());
  ExpectEachOnce(names, kMany);
  for (const std::string& name : names) ExpectEqual(Stat("many/" + name).st_size, off_t{0});
}

CHECK("a listing that is rewound starts anew, and shows what came since") {
  MakeFiles(".", 300);
  const Directory directory = OpenDirectory(".");
  ExpectEachOnce(RemainingNames(directory.get()), 300);
  WriteFile("new", "");
  rewinddir(directory.get());
  ExpectEachOnce(RemainingNames(directory.get()), 301);
}

CHECK("seekdir goes back to where telldir was") {
  MakeFiles(".", 1'000);
  const Directory directory = OpenDirectory(".");
  for (int skipped = 0; skipped < 400; ++skipped) {
    Expect(readdir(directory.get()) != nullptr, "there are more entries");
  }
  const long place = telldir(directory.get());
  const std::vector<std::string> once = RemainingNames(directory.get());
  seekdir(directory.get(), place);
  const std::vector<std::string> again = RemainingNames(directory.get());
  ExpectEqual(once.size(), size_t{602});
  Expect(once == again, "the same entries follow");
}

CHECK("files removed while the directory is listed do not disturb the others") {
  MakeFiles(".", 1'000);
  const Directory directory = OpenDirectory(".");
  size_t seen = 0;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    Must(unlink(name.c_str()));
    ++seen;
  }
  ExpectEqual(seen, size_t{1'000});
  ExpectEqual(SortedNames(".").size(), size_t{0});
}

CHECK("a removed directory that is open lists nothing and takes no files") {
  Must(mkdir("directory", 0755));
  const File directory("directory", O_RDONLY | O_DIRECTORY);
  Must(rmdir("directory"));
  FailsWith(ENOENT, openat(directory, "file", O_WRONLY | O_CREAT, 0644));
}

CHECK("openat works relative to an open directory that was renamed") {
  Must(mkdir("old", 0755));
  const File directory("old", O_RDONLY | O_DIRECTORY);
  Must(rename("old", "new"));
  const File file(static_cast<int>(Must(openat(directory, "file", O_WRONLY | O_CREAT, 0644))));
  Expect(Exists("new/file"), "the file is in the renamed directory");
}

}  // namespace
}  // namespace checks
