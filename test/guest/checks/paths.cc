// SPDX-License-Identifier: Apache-2.0
//
// Paths that no call can follow, given to every call that takes one.
#include <sys/xattr.h>

#include <climits>
#include <cstring>

#include "file.h"

namespace checks {
namespace {

struct Call {
  const char* name;
  long (*run)(const char* path);
};

const std::vector<Call> kCalls = {
    {"open", [](const char* path) -> long { return open(path, O_RDONLY); }},
    {"create", [](const char* path) -> long { return open(path, O_WRONLY | O_CREAT, 0644); }},
    {"stat",
     [](const char* path) -> long {
       struct stat found {};
       return stat(path, &found);
     }},
    {"chmod", [](const char* path) -> long { return chmod(path, 0600); }},
    {"chown", [](const char* path) -> long { return chown(path, 1, 1); }},
    {"truncate", [](const char* path) -> long { return truncate(path, 1); }},
    {"utimensat", [](const char* path) -> long { return utimensat(AT_FDCWD, path, nullptr, 0); }},
    {"access", [](const char* path) -> long { return access(path, F_OK); }},
    {"mkdir", [](const char* path) -> long { return mkdir(path, 0755); }},
    {"mkfifo", [](const char* path) -> long { return mkfifo(path, 0644); }},
    {"mknod", [](const char* path) -> long { return mknod(path, S_IFREG | 0644, 0); }},
    {"symlink", [](const char* path) -> long { return symlink("target", path); }},
    {"unlink", [](const char* path) -> long { return unlink(path); }},
    {"rmdir", [](const char* path) -> long { return rmdir(path); }},
    {"link from", [](const char* path) -> long { return link(path, "new"); }},
    {"link to", [](const char* path) -> long { return link("file", path); }},
    {"rename from", [](const char* path) -> long { return rename(path, "new"); }},
    {"rename to", [](const char* path) -> long { return rename("file", path); }},
    {"setxattr", [](const char* path) -> long { return setxattr(path, "user.a", "b", 1, 0); }},
};

void AllFailWith(int wanted, const std::string& path, const Location& where = Location::current()) {
  for (const Call& call : kCalls) {
    errno = 0;
    const long result = call.run(path.c_str());
    if (result >= 0 || errno != wanted) {
      Fail(std::string(call.name) + ": wanted " + strerrorname_np(wanted) + ", found " +
               (result >= 0 ? "success" : strerrorname_np(errno)),
           where);
    }
  }
}

CHECK("a path through a file is ENOTDIR for every call") {
  WriteFile("file", "");
  AllFailWith(ENOTDIR, "file/below");
}

CHECK("a path through nothing is ENOENT for every call") {
  WriteFile("file", "");
  AllFailWith(ENOENT, "nothing/below");
}

CHECK("a path through links that point at each other is ELOOP for every call") {
  WriteFile("file", "");
  Must(symlink("second", "first"));
  Must(symlink("first", "second"));
  AllFailWith(ELOOP, "first/below");
}

CHECK("a name that is too long is ENAMETOOLONG for every call") {
  WriteFile("file", "");
  AllFailWith(ENAMETOOLONG, std::string(NAME_MAX + 1, 'n'));
  AllFailWith(ENAMETOOLONG, std::string(NAME_MAX + 1, 'n') + "/below");
}

CHECK("a path that is too long is ENAMETOOLONG for every call") {
  WriteFile("file", "");
  std::string path;
  while (path.size() < PATH_MAX) path += "./";
  AllFailWith(ENAMETOOLONG, path + "file");
}

CHECK("a path through a directory without the right to search it is EACCES for every call") {
  Must(mkdir("closed", 0755));
  WriteFile("closed/there", "");
  WriteFile("file", "");
  Must(chmod("closed", 0600));
  Must(chmod(".", 0777));
  AsUser([] {
    AllFailWith(EACCES, "closed/there");
    AllFailWith(EACCES, "closed/not-there");
  });
}

}  // namespace
}  // namespace checks
