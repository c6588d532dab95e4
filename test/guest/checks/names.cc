// SPDX-License-Identifier: Apache-2.0
//
// LOOKUP, and the names that things may have.
#include <algorithm>

#include "file.h"

namespace checks {
namespace {

CHECK("a name that does not exist is ENOENT") {
  struct stat found {};
  FailsWith(ENOENT, stat("nothing", &found));
  FailsWith(ENOENT, open("nothing/below", O_RDONLY));
}

CHECK("a name appears after it was looked up in vain") {
  Expect(!Exists("later"), "the name is free");
  WriteFile("later", "now");
  ExpectEqual(ReadFile("later"), "now");
}

CHECK("a name below a file is ENOTDIR") {
  WriteFile("file", "");
  struct stat found {};
  FailsWith(ENOTDIR, stat("file/below", &found));
  FailsWith(ENOTDIR, open("file", O_RDONLY | O_DIRECTORY));
}

CHECK("dot and dot-dot lead where they should") {
  Must(mkdir("directory", 0755));
  ExpectEqual(Stat("directory/.").st_ino, Stat("directory").st_ino);
  ExpectEqual(Stat("directory/..").st_ino, Stat(".").st_ino);
}

CHECK("dot-dot at the root of the share stays in the guest's tree") {
  const std::string above = CurrentRun().share + "/..";
  ExpectEqual(Stat(above).st_ino, Stat("/").st_ino);
  Expect(Stat(CurrentRun().share).st_dev != Stat("/").st_dev, "the share is another file system");
}

CHECK("a name of 255 bytes is created, listed and removed") {
  const std::string name(255, 'n');
  WriteFile(name, "long");
  ExpectEqual(SortedNames(".").at(0), name);
  ExpectEqual(ReadFile(name), "long");
  Must(unlink(name.c_str()));
  Expect(!Exists(name), "it is gone");
}

CHECK("a name of 256 bytes is ENAMETOOLONG") {
  const std::string name(256, 'n');
  FailsWith(ENAMETOOLONG, open(name.c_str(), O_CREAT | O_WRONLY, 0644));
  FailsWith(ENAMETOOLONG, mkdir(name.c_str(), 0755));
  struct stat found {};
  FailsWith(ENAMETOOLONG, stat(name.c_str(), &found));
}

CHECK("a name of bytes that are no UTF-8 is kept as it is") {
  const std::string name = "\xff\xfe\x80 latin-\xe9";
  WriteFile(name, "bytes");
  ExpectEqual(SortedNames(".").at(0), name);
  ExpectEqual(ReadFile(name), "bytes");
}

CHECK("names with every byte but slash and NUL are told apart") {
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/') continue;
    WriteFile(std::string("x") + static_cast<char>(byte), std::to_string(byte));
  }
  ExpectEqual(SortedNames(".").size(), size_t{254});
  ExpectEqual(ReadFile("x\n"), "10");
  ExpectEqual(ReadFile("x\\"), "92");
}

CHECK("upper and lower case are different names") {
  WriteFile("Name", "upper");
  WriteFile("name", "lower");
  ExpectEqual(ReadFile("Name"), "upper");
  ExpectEqual(ReadFile("name"), "lower");
}

CHECK("two symbolic links that point at each other are ELOOP") {
  Must(symlink("b", "a"));
  Must(symlink("a", "b"));
  FailsWith(ELOOP, open("a", O_RDONLY));
}

CHECK("a hundred directories inside each other are walked") {
  std::string path = ".";
  for (int depth = 0; depth < 100; ++depth) {
    path += "/d";
    Must(mkdir(path.c_str(), 0755));
  }
  WriteFile(path + "/bottom", "deep");
  ExpectEqual(ReadFile(path + "/bottom"), "deep");
}

}  // namespace
}  // namespace checks
