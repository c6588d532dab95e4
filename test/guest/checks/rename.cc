// SPDX-License-Identifier: Apache-2.0
//
// RENAME and RENAME2.
#include <cstdio>

#include "file.h"

namespace checks {
namespace {

int Rename(const char* from, const char* to, unsigned flags) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

CHECK("a file is renamed within its directory") {
  WriteFile("old", "content");
  const ino_t inode = Stat("old").st_ino;
  Must(rename("old", "new"));
  Expect(!Exists("old"), "the old name is gone");
  ExpectEqual(Stat("new").st_ino, inode);
  ExpectEqual(ReadFile("new"), "content");
}

CHECK("a file is moved to another directory") {
  Must(mkdir("a", 0755));
  Must(mkdir("b", 0755));
  WriteFile("a/file", "moved");
  Must(rename("a/file", "b/file"));
  Expect(!Exists("a/file"), "it is gone from the first");
  ExpectEqual(ReadFile("b/file"), "moved");
}

CHECK("renaming over a file replaces it") {
  WriteFile("old", "winner");
  WriteFile("new", "loser");
  Must(rename("old", "new"));
  ExpectEqual(ReadFile("new"), "winner");
  ExpectEqual(SortedNames(".").size(), size_t{1});
}

CHECK("a file that is replaced while it is open keeps its content") {
  WriteFile("new", "replaced");
  const File open_file("new", O_RDONLY);
  WriteFile("old", "winner");
  Must(rename("old", "new"));
  ExpectEqual(ReadAt(open_file, 100, 0), "replaced");
  ExpectEqual(Stat(open_file).st_nlink, nlink_t{0});
}

CHECK("an open file is written after it was renamed") {
  const File file("old", O_RDWR | O_CREAT);
  Must(rename("old", "new"));
  WriteAt(file, "late", 0);
  ExpectEqual(ReadFile("new"), "late");
}

CHECK("renaming what is not there is ENOENT") {
  FailsWith(ENOENT, rename("nothing", "new"));
}

CHECK("a directory is renamed with all that is in it") {
  Must(mkdir("old", 0755));
  WriteFile("old/file", "inside");
  Must(rename("old", "new"));
  ExpectEqual(ReadFile("new/file"), "inside");
}

CHECK("a directory that is moved has a new parent") {
  Must(mkdir("a", 0755));
  Must(mkdir("b", 0755));
  Must(mkdir("a/child", 0755));
  Must(rename("a/child", "b/child"));
  ExpectEqual(Stat("b/child/..").st_ino, Stat("b").st_ino);
}

CHECK("a directory replaces an empty directory") {
  Must(mkdir("old", 0755));
  WriteFile("old/file", "");
  Must(mkdir("new", 0755));
  Must(rename("old", "new"));
  Expect(Exists("new/file"), "the content came along");
}

CHECK("a directory does not replace one that is not empty") {
  Must(mkdir("old", 0755));
  Must(mkdir("new", 0755));
  WriteFile("new/file", "");
  FailsWith(ENOTEMPTY, rename("old", "new"));
}

CHECK("a directory moved into itself is EINVAL") {
  Must(mkdir("directory", 0755));
  Must(mkdir("directory/below", 0755));
  FailsWith(EINVAL, rename("directory", "directory/below/inside"));
}

CHECK("a file does not replace a directory, nor a directory a file") {
  WriteFile("file", "");
  Must(mkdir("directory", 0755));
  FailsWith(EISDIR, rename("file", "directory"));
  FailsWith(ENOTDIR, rename("directory", "file"));
}

CHECK("renaming one hard link over the other does nothing") {
  WriteFile("one", "same");
  Must(link("one", "two"));
  Must(rename("one", "two"));
  Expect(Exists("one") && Exists("two"), "both names are still there");
}

CHECK("RENAME_NOREPLACE does not replace") {
  WriteFile("old", "old");
  WriteFile("new", "new");
  FailsWith(EEXIST, Rename("old", "new", RENAME_NOREPLACE));
  ExpectEqual(ReadFile("new"), "new");
  Must(Rename("old", "free", RENAME_NOREPLACE));
  ExpectEqual(ReadFile("free"), "old");
}

CHECK("RENAME_EXCHANGE swaps a file and a directory") {
  WriteFile("a", "file");
  Must(mkdir("b", 0755));
  WriteFile("b/inside", "");
  Must(Rename("a", "b", RENAME_EXCHANGE));
  ExpectEqual(ReadFile("b"), "file");
  Expect(Exists("a/inside"), "the directory has the other name");
}

CHECK("RENAME_EXCHANGE with a name that is not there is ENOENT") {
  WriteFile("a", "");
  FailsWith(ENOENT, Rename("a", "nothing", RENAME_EXCHANGE));
}

}  // namespace
}  // namespace checks
