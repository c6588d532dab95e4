// SPDX-License-Identifier: Apache-2.0
//
// Files mapped into memory, and programs run from the share.
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstring>

#include "file.h"

namespace checks {
namespace {

constexpr size_t kSize = 1'000'000;

// Without a cache the guest has no page to share: kernels before 6.6 refuse, as documented.
bool SharedMappingIsRefused() {
  return CurrentRun().cache == CacheMode::kNever && !KernelIsAtLeast(6, 6);
}

class Mapping {
 public:
  Mapping(int fd, size_t size, int protection, int flags)
      : address_(static_cast<char*>(mmap(nullptr, size, protection, flags, fd, 0))), size_(size) {
    if (address_ == MAP_FAILED) Must(-1);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(address_, size_); }

  char* Bytes() const { return address_; }
  std::string_view Content() const { return {address_, size_}; }
  void Sync() const { Must(msync(address_, size_, MS_SYNC)); }

 private:
  char* address_;
  size_t size_;
};

void ExpectRefused(int fd) {
  void* address = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  FailsWith(ENODEV, address == MAP_FAILED ? -1 : 0);
}

CHECK("a shared mapping shows what was written, or is ENODEV without a cache") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, Pattern(kSize), 0);
  if (SharedMappingIsRefused()) return ExpectRefused(file);
  const Mapping mapping(file, kSize, PROT_READ, MAP_SHARED);
  ExpectSameContent(mapping.Content(), Pattern(kSize));
}

CHECK("what is written into a shared mapping is read by read, or is ENODEV without a cache") {
  const File file("file", O_RDWR | O_CREAT);
  Must(ftruncate(file, kSize));
  if (SharedMappingIsRefused()) return ExpectRefused(file);
  const Mapping mapping(file, kSize, PROT_READ | PROT_WRITE, MAP_SHARED);
  Pattern(kSize, 6).copy(mapping.Bytes(), kSize);
  mapping.Sync();
  ExpectSameContent(ReadFile("file"), Pattern(kSize, 6));
}

CHECK("two processes share a mapping, or it is ENODEV without a cache") {
  const File file("file", O_RDWR | O_CREAT);
  Must(ftruncate(file, kSize));
  if (SharedMappingIsRefused()) return ExpectRefused(file);
  const Mapping mapping(file, kSize, PROT_READ | PROT_WRITE, MAP_SHARED);
  InChild([] {
    const File other("file", O_RDWR);
    const Mapping theirs(other, kSize, PROT_READ | PROT_WRITE, MAP_SHARED);
    std::strcpy(theirs.Bytes() + 500'000, "hello");
  });
  ExpectEqual(std::string(mapping.Bytes() + 500'000), "hello");
}

CHECK("a private mapping keeps its changes to itself") {
  WriteFile("file", Pattern(kSize));
  const File file("file", O_RDWR);
  const Mapping mapping(file, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  ExpectSameContent(mapping.Content(), Pattern(kSize));
  mapping.Bytes()[0] = static_cast<char>(mapping.Bytes()[0] + 1);
  ExpectSameContent(ReadFile("file"), Pattern(kSize));
}

CHECK("a mapping outlives its file's name and descriptor") {
  WriteFile("file", Pattern(kSize));
  File file("file", O_RDONLY);
  const Mapping mapping(file, kSize, PROT_READ, MAP_PRIVATE);
  file.Close();
  Must(unlink("file"));
  ExpectSameContent(mapping.Content(), Pattern(kSize));
}

CHECK("a program on the share runs") {
  WriteFile("program", ReadFile("/proc/self/exe"));
  Must(chmod("program", 0755));
  const pid_t child = static_cast<pid_t>(Must(fork()));
  if (child == 0) {
    fclose(stdout);
    execl("./program", "program", "manifest", "/sys/kernel/no-such-directory", nullptr);
    _exit(99);
  }
  int status = 0;
  Must(waitpid(child, &status, 0));
  // It says that there is no such directory, with the status of a failure: it did run.
  ExpectEqual(WEXITSTATUS(status), 1);
}

}  // namespace
}  // namespace checks
