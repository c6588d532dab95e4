// SPDX-License-Identifier: Apache-2.0
#include <sys/sysmacros.h>

#include <cstring>

#include "file.h"
#include "outcomes.h"

namespace checks {
namespace {

std::string Target(const char* path) {
  char target[64];
  const ssize_t length = readlink(path, target, sizeof target);
  return length < 0 ? "?" : std::string(target, static_cast<size_t>(length));
}

// Whatever is there, with what is below it.
void Remove(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return;
  for (const std::string& name : SortedNames(path)) Remove(path + "/" + name);
  Must(rmdir(path.c_str()));
}

void MakeByType(const char* path, char type) {
  switch (type) {
    case '-':
      return;
    case 'f':
      return WriteFile(path, "contents");
    case 'd':
      Must(mkdir(path, 0755));
      return;
    case 'D':
      Must(mkdir(path, 0755));
      return WriteFile(std::string(path) + "/inside", "");
    case 'l':
      Must(symlink("../q/target", path));
      return;
    case 'L':
      Must(symlink("../q/none", path));
      return;
    case 'p':
      Must(mkfifo(path, 0644));
      return;
    case 's':
      Must(mknod(path, S_IFSOCK | 0644, 0));
      return;
    case 'c':
      Must(mknod(path, S_IFCHR | 0644, makedev(1, 3)));
      return;
    case 'b':
      Must(mknod(path, S_IFBLK | 0644, makedev(240, 1)));
      return;
    default:
      Fail("a type that does not exist");
  }
}

}  // namespace

void MakeSubject(const Subject& subject) {
  MakeByType(kSubject, subject.type);
  if (subject.type == '-') return;
  Must(lchown(kSubject, subject.uid, subject.gid));
  if (subject.type != 'l' && subject.type != 'L') Must(chmod(kSubject, subject.mode));
}

void ClearPlaces() {
  for (const char* path : {kSubject, kNewName, kAway, "q/none"}) Remove(path);
  // Only what an operation has changed is made anew, as rmdir is slow on some hosts.
  for (const char* path : {kOtherFile, kTarget}) {
    if (DescribePath(path) == "100664 1000:2000 n1 s5 d0") continue;
    Remove(path);
    WriteFile(path, "other");
    Must(chown(path, 1000, 2000));
    Must(chmod(path, 0664));
  }
  if (DescribePath(kOtherDirectory) == "40775 1000:2000 n0 s0 d0") return;
  Remove(kOtherDirectory);
  Must(mkdir(kOtherDirectory, 0755));
  Must(chown(kOtherDirectory, 1000, 2000));
  Must(chmod(kOtherDirectory, 0775));
}

void MakeParents(const Parent& parent) {
  Must(mkdir(kParent, 0755));
  Must(chown(kParent, parent.uid, parent.gid));
  Must(chmod(kParent, parent.mode));
  Must(mkdir("q", 0755));
  Must(chown("q", 1000, 2000));
  Must(chmod("q", 0777));
}

void RemoveParents() {
  ClearPlaces();
  for (const char* path : {kTarget, kOtherFile}) Must(unlink(path));
  Must(rmdir(kOtherDirectory));
  Must(rmdir(kParent));
  Must(rmdir("q"));
}

std::string DescribePath(const char* path) {
  struct stat found {};
  if (lstat(path, &found) != 0) return strerrorname_np(errno);
  // Of a directory, each file system of the host has its own idea of size and links.
  const bool is_directory = S_ISDIR(found.st_mode);
  char text[160];
  std::snprintf(text, sizeof text, "%o %u:%u n%lu s%ld d%lu", found.st_mode, found.st_uid,
                found.st_gid, is_directory ? 0 : static_cast<unsigned long>(found.st_nlink),
                is_directory ? 0 : static_cast<long>(found.st_size),
                static_cast<unsigned long>(found.st_rdev));
  return S_ISLNK(found.st_mode) ? std::string(text) + " ->" + Target(path) : text;
}

}  // namespace checks
