// SPDX-License-Identifier: Apache-2.0
//
// Many files, many processes, and directories that were large before the guest came.
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <functional>

#include "file.h"

namespace checks {
namespace {

// Runs the work in so many processes at once, and fails if any of them fails.
void InParallel(int processes, const std::function<void(int)>& work) {
  std::vector<pid_t> children;
  for (int number = 0; number < processes; ++number) {
    const pid_t child = static_cast<pid_t>(Must(fork()));
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    try {
      work(number);
      _exit(0);
    } catch (const Failure&) {
      _exit(1);
    }
  }
  int failed = 0;
  for (const pid_t child : children) {
    int status = 0;
    Must(waitpid(child, &status, 0));
    if (status != 0) ++failed;
  }
  ExpectEqual(failed, 0);
}

CHECK("a thousand files are open at once") {
  const rlimit limit{4'096, 4'096};
  Must(setrlimit(RLIMIT_NOFILE, &limit));
  std::vector<File> files;
  for (int number = 0; number < 1'000; ++number) {
    files.emplace_back(std::to_string(number), O_RDWR | O_CREAT);
    WriteAt(files.back(), std::to_string(number), 0);
  }
  for (int number = 0; number < 1'000; ++number) {
    ExpectEqual(ReadAt(files[static_cast<size_t>(number)], 10, 0), std::to_string(number));
  }
}

CHECK("eight processes write their parts of one file") {
  constexpr size_t kPart = 500'000;
  { const File file("file", O_WRONLY | O_CREAT); }
  InParallel(8, [](int number) {
    const File file("file", O_WRONLY);
    const std::string part = Pattern(kPart, static_cast<unsigned>(number));
    for (size_t offset = 0; offset < kPart; offset += 50'000) {
      WriteAt(file, part.substr(offset, 50'000),
              static_cast<off_t>(static_cast<size_t>(number) * kPart + offset));
    }
  });
  std::string wanted;
  for (unsigned number = 0; number < 8; ++number) wanted += Pattern(kPart, number);
  ExpectSameContent(ReadFile("file"), wanted);
}

CHECK("eight processes append lines to one file, and none is lost") {
  { const File file("log", O_WRONLY | O_CREAT); }
  InParallel(8, [](int number) {
    const File file("log", O_WRONLY | O_APPEND);
    const std::string line(15, static_cast<char>('a' + number));
    for (int turn = 0; turn < 50; ++turn) Must(write(file, (line + "\n").c_str(), 16));
  });
  const std::string content = ReadFile("log");
  ExpectEqual(content.size(), size_t{8 * 50 * 16});
  for (int number = 0; number < 8; ++number) {
    const char letter = static_cast<char>('a' + number);
    ExpectEqual(std::count(content.begin(), content.end(), letter), std::ptrdiff_t{50 * 15});
  }
}

CHECK("eight processes create and remove files in one directory") {
  InParallel(8, [](int number) {
    for (int turn = 0; turn < 50; ++turn) {
      const std::string name = std::to_string(number) + "-" + std::to_string(turn);
      WriteFile(name, name);
      Must(rename(name.c_str(), (name + "-renamed").c_str()));
      ExpectEqual(ReadFile(name + "-renamed"), name);
      if (turn % 2 == 0) Must(unlink((name + "-renamed").c_str()));
    }
  });
  ExpectEqual(SortedNames(".").size(), size_t{8 * 25});
}

CHECK("of eight processes that create one name with O_EXCL one succeeds") {
  InParallel(8, [](int number) {
    const int fd = open("winner", O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0) return FailsWith(EEXIST, fd);
    const File file(fd);
    WriteFile("winner-" + std::to_string(number), "");
  });
  ExpectEqual(SortedNames(".").size(), size_t{2});
}

CHECK("100,000 entries made by the host are listed, each exactly once") {
  const std::string path = CurrentRun().share + "/made-by-host/many";
  if (!Exists(path)) throw NotApplicable("the host has made no such directory for this run");
  const std::vector<std::string> names = SortedNames(path);
  ExpectEqual(names.size(), size_t{100'000});
  for (size_t number = 0; number < names.size(); ++number) {
    char wanted[32];
    std::snprintf(wanted, sizeof wanted, "entry-%06zu", number);
    ExpectEqual(names[number], std::string(wanted));
  }
}

}  // namespace
}  // namespace checks
