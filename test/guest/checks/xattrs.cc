// SPDX-License-Identifier: Apache-2.0
//
// SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR.
#include <sys/xattr.h>

#include <algorithm>

#include "file.h"

namespace checks {
namespace {

std::string Attribute(const char* path, const char* name) {
  std::string value(65'536, '\0');
  value.resize(static_cast<size_t>(Must(getxattr(path, name, value.data(), value.size()))));
  return value;
}

long SetAttribute(const char* path, const char* name, std::string_view value, int flags = 0) {
  return setxattr(path, name, value.data(), value.size(), flags);
}

std::vector<std::string> UserAttributes(const char* path) {
  std::string list(65'536, '\0');
  list.resize(static_cast<size_t>(Must(listxattr(path, list.data(), list.size()))));
  std::vector<std::string> names;
  for (size_t start = 0; start < list.size(); start = list.find('\0', start) + 1) {
    const std::string name = list.c_str() + start;
    if (name.starts_with("user.")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

CHECK("an extended attribute is set, read, and replaced") {
  WriteFile("file", "");
  Must(SetAttribute("file", "user.colour", "blue"));
  ExpectEqual(Attribute("file", "user.colour"), "blue");
  Must(SetAttribute("file", "user.colour", "dark green"));
  ExpectEqual(Attribute("file", "user.colour"), "dark green");
}

CHECK("an extended attribute may hold zeros, or nothing") {
  WriteFile("file", "");
  Must(SetAttribute("file", "user.zeros", std::string_view("a\0b\0", 4)));
  ExpectSameContent(Attribute("file", "user.zeros"), std::string_view("a\0b\0", 4));
  Must(SetAttribute("file", "user.empty", ""));
  ExpectEqual(Attribute("file", "user.empty"), "");
}

CHECK("the names of extended attributes are listed") {
  WriteFile("file", "");
  ExpectEqual(UserAttributes("file").size(), size_t{0});
  Must(SetAttribute("file", "user.b", "2"));
  Must(SetAttribute("file", "user.a", "1"));
  const std::vector<std::string> names = UserAttributes("file");
  ExpectEqual(names.size(), size_t{2});
  ExpectEqual(names[0] + " " + names[1], "user.a user.b");
}

CHECK("an extended attribute is removed, and is then ENODATA") {
  WriteFile("file", "");
  Must(SetAttribute("file", "user.gone", "soon"));
  Must(removexattr("file", "user.gone"));
  FailsWith(ENODATA, getxattr("file", "user.gone", nullptr, 0));
  FailsWith(ENODATA, removexattr("file", "user.gone"));
}

CHECK("XATTR_CREATE and XATTR_REPLACE insist") {
  WriteFile("file", "");
  FailsWith(ENODATA, SetAttribute("file", "user.a", "1", XATTR_REPLACE));
  Must(SetAttribute("file", "user.a", "1", XATTR_CREATE));
  FailsWith(EEXIST, SetAttribute("file", "user.a", "2", XATTR_CREATE));
  Must(SetAttribute("file", "user.a", "3", XATTR_REPLACE));
  ExpectEqual(Attribute("file", "user.a"), "3");
}

CHECK("the size of an extended attribute is told, and a small buffer is ERANGE") {
  WriteFile("file", "");
  Must(SetAttribute("file", "user.a", "0123456789"));
  ExpectEqual(Must(getxattr("file", "user.a", nullptr, 0)), 10L);
  char small[4];
  FailsWith(ERANGE, getxattr("file", "user.a", small, sizeof small));
  FailsWith(ERANGE, listxattr("file", small, sizeof small));
}

CHECK("an extended attribute of 2,000 bytes is kept") {
  WriteFile("file", "");
  Must(SetAttribute("file", "user.large", Pattern(2'000)));
  ExpectSameContent(Attribute("file", "user.large"), Pattern(2'000));
}

CHECK("an extended attribute of 32 KiB is kept") {
  WriteFile("file", "");
  const long result = SetAttribute("file", "user.large", Pattern(32'768));
  if (result < 0 && (errno == ENOSPC || errno == E2BIG)) {
    throw NotApplicable("the host's file system has no room for such an attribute");
  }
  Must(result);
  ExpectSameContent(Attribute("file", "user.large"), Pattern(32'768));
}

CHECK("a directory and an open file have extended attributes") {
  Must(mkdir("directory", 0755));
  Must(SetAttribute("directory", "user.a", "directory"));
  ExpectEqual(Attribute("directory", "user.a"), "directory");
  const File file("file", O_RDWR | O_CREAT);
  Must(fsetxattr(file, "user.a", "file", 4, 0));
  ExpectEqual(Attribute("file", "user.a"), "file");
}

CHECK("a symbolic link takes no user attributes") {
  Must(symlink("nowhere", "link"));
  FailsWith(EPERM, lsetxattr("link", "user.a", "1", 1, 0));
}

}  // namespace
}  // namespace checks
