// SPDX-License-Identifier: Apache-2.0
//
// What only newer kernels ask of a share: birth times, idmapped mounts, a creator's groups.
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "file.h"

namespace checks {
namespace {

void NeedsKernel(int major, int minor) {
  if (!KernelIsAtLeast(major, minor)) throw NotApplicable("the guest's kernel cannot do that yet");
}

void ExpectOwner(const std::string& path, uid_t uid, gid_t gid) {
  const struct stat found = LinkStat(path);
  ExpectEqual(found.st_uid, uid);
  ExpectEqual(found.st_gid, gid);
}

// A process in a user namespace of its own, which ends with the check.
pid_t StrangerProcess() {
  int ready[2];
  Must(pipe2(ready, O_CLOEXEC));
  const pid_t child = static_cast<pid_t>(Must(fork()));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWUSER) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  close(ready[1]);
  char byte = 0;
  const bool is_ready = read(ready[0], &byte, 1) == 1;
  close(ready[0]);
  Expect(is_ready, "there is a user namespace");
  return child;
}

void WriteMap(const std::string& path) {
  const File file(path, O_WRONLY);
  constexpr std::string_view kMap = "0 10000 10000\n";
  ExpectEqual(Must(write(file, kMap.data(), kMap.size())), long{kMap.size()});
}

// A user namespace that a mount can take its ids from: 0 and up are 10,000 and up.
File ShiftedUserNamespace() {
  const pid_t stranger = StrangerProcess();
  const std::string process = "/proc/" + std::to_string(stranger);
  for (const char* map : {"/uid_map", "/gid_map"}) WriteMap(process + map);
  File space(process + "/ns/user", O_RDONLY);
  kill(stranger, SIGKILL);
  waitpid(stranger, nullptr, 0);
  return space;
}

// The directory that the check is in, as a mount with those ids.
File IdmappedDirectory() {
  File tree(static_cast<int>(Must(syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE))));
  const File space = ShiftedUserNamespace();
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<__u64>(static_cast<int>(space));
  Must(syscall(SYS_mount_setattr, static_cast<int>(tree), "", AT_EMPTY_PATH, &attributes,
               sizeof attributes));
  return tree;
}

// The host compares the content with the birth time that it knows.
CHECK("statx tells when a file was born, whatever happens to it later") {
  NeedsKernel(6, 6);
  for (const char* name : {"born", "born-again"}) {
    const File file(name, O_RDWR | O_CREAT, 0644);
    struct statx found {};
    Must(statx(AT_FDCWD, name, 0, STATX_BASIC_STATS | STATX_BTIME, &found));
    Expect((found.stx_mask & STATX_BTIME) != 0, "there is a birth time");
    usleep(50'000);
    WriteAt(file, std::to_string(found.stx_btime.tv_sec * 1'000'000'000 + found.stx_btime.tv_nsec),
            0);
    struct statx later {};
    Must(statx(file, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BTIME, &later));
    ExpectEqual(later.stx_btime.tv_sec, found.stx_btime.tv_sec);
    ExpectEqual(later.stx_btime.tv_nsec, found.stx_btime.tv_nsec);
  }
}

CHECK("through an idmapped mount everything is made with the ids that the map says") {
  NeedsKernel(6, 12);
  NeedsOtherOwners();
  Must(chmod(".", 0777));
  const File idmapped = IdmappedDirectory();
  As({11'000, 11'001}, [&idmapped] {
    Must(fchdir(idmapped));
    WriteFile("file", "content");
    Must(mkdir("directory", 0755));
    Must(symlink("file", "link"));
    Must(mkfifo("fifo", 0644));
    Must(mknod("node", S_IFREG | 0644, 0));
    Must(link("file", "hard link"));
    Must(rename("node", "renamed"));
    for (const char* name : {"file", "directory", "link", "fifo", "renamed"}) {
      ExpectOwner(name, 11'000, 11'001);
    }
    Must(chmod("file", 0600));
    Must(truncate("file", 3));
    ExpectEqual(ReadFile("file"), "con");
    Must(access("file", R_OK | W_OK));
    Must(utimensat(AT_FDCWD, "file", nullptr, 0));
    Must(unlink("hard link"));
  });
  for (const char* name : {"file", "directory", "link", "fifo", "renamed"}) {
    ExpectOwner(name, 1000, 1001);
  }
}

CHECK("through an idmapped mount files are given away by the ids of the map") {
  NeedsKernel(6, 12);
  NeedsOtherOwners();
  WriteFile("file", "");
  const File idmapped = IdmappedDirectory();
  Must(fchownat(idmapped, "file", 12'000, 12'001, 0));
  ExpectOwner("file", 2000, 2001);
  FailsWith(EOVERFLOW, fchownat(idmapped, "file", 5, 5, 0));
  struct stat found {};
  Must(fstatat(idmapped, "file", &found, 0));
  ExpectEqual(found.st_uid, uid_t{12'000});
}

CHECK("an unmapped user makes nothing through an idmapped mount") {
  NeedsKernel(6, 12);
  NeedsOtherOwners();
  Must(chmod(".", 0777));
  const File idmapped = IdmappedDirectory();
  FailsWith(EOVERFLOW, openat(idmapped, "file", O_WRONLY | O_CREAT, 0644));
  FailsWith(EOVERFLOW, mkdirat(idmapped, "directory", 0755));
}

CHECK("a right only through a supplementary group is enough to make things") {
  NeedsKernel(6, 3);
  NeedsOtherOwners();
  Must(mkdir("directory", 0755));
  Must(chown("directory", 0, 3000));
  Must(chmod("directory", 0770));
  As({1001, 1001, {3000, 3001}}, [] {
    Must(chdir("directory"));
    WriteFile("file", "");
    Must(mkdir("below", 0755));
    Must(symlink("file", "link"));
    Must(mkfifo("fifo", 0644));
    Must(link("file", "hard link"));
    Must(rename("hard link", "renamed"));
    Must(unlink("renamed"));
    for (const char* name : {"file", "below", "link", "fifo"}) ExpectOwner(name, 1001, 1001);
  });
}

CHECK("a set-group-ID file made by a member of the directory's group keeps the bit") {
  NeedsKernel(6, 3);
  NeedsOtherOwners();
  Must(mkdir("directory", 0755));
  Must(chown("directory", 0, 3000));
  Must(chmod("directory", 02777));
  umask(0);
  As({1001, 1001, {3000}}, [] { const File file("directory/kept", O_WRONLY | O_CREAT, 02755); });
  As({1001, 1001}, [] { const File file("directory/lost", O_WRONLY | O_CREAT, 02755); });
  ExpectEqual(Permissions("directory/kept"), mode_t{02755});
  ExpectEqual(Permissions("directory/lost"), mode_t{0755});
  ExpectOwner("directory/kept", 1001, 3000);
}

}  // namespace
}  // namespace checks
