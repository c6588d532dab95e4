// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "outcomes.h"

namespace checks {
namespace {

constexpr timespec kOldTimes[2] = {{1'000'000'000, 5}, {1'000'000'001, 6}};
constexpr timespec kNow[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
constexpr timespec kOnlyAccess[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
constexpr timespec kNeither[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
constexpr uid_t kSame = static_cast<uid_t>(-1);

long Opened(const char* path, int flags, mode_t mode = 0640) {
  const int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, mode);
  if (fd < 0) return -1;
  close(fd);
  return 0;
}

// A file with a name only if it can get one.
long OpenedTemporary() {
  const int fd = open(kParent, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
  if (fd < 0) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const long result = linkat(AT_FDCWD, path.c_str(), AT_FDCWD, kNewName, AT_SYMLINK_FOLLOW);
  const int error = errno;
  close(fd);
  errno = error;
  return result;
}

long Allowed(int wanted) {
  return faccessat(AT_FDCWD, kSubject, wanted, AT_EACCESS);
}

long Exchanged() {
  return renameat2(AT_FDCWD, kSubject, AT_FDCWD, kOtherFile, RENAME_EXCHANGE);
}

long CopiedInto(int fd) {
  const int source = open(kTarget, O_RDONLY | O_CLOEXEC);
  if (source < 0) return -1;
  const long result = copy_file_range(source, nullptr, fd, nullptr, 2, 0);
  const int error = errno;
  close(source);
  errno = error;
  return result;
}

void Become(const Person& person) {
  Must(setgroups(person.groups.size(), person.groups.data()));
  Must(setegid(person.gid));
  Must(seteuid(person.uid));
}

void BecomeRoot() {
  Must(seteuid(0));
  Must(setegid(0));
}

}  // namespace

bool Attempt(const Operation& operation, const Person& person, std::string& outcome) {
  int fd = -1;
  if (operation.opened >= 0) {
    fd = open(kSubject, operation.opened | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return false;
  }
  Become(person);
  const long result = operation.run(fd);
  outcome = result < 0 ? strerrorname_np(errno) : std::to_string(result);
  BecomeRoot();
  if (fd >= 0) close(fd);
  return true;
}

const std::vector<Operation>& SubjectOperations() {
  static const std::vector<Operation> operations = {
      {"stat",
       [](int) -> long {
         struct stat found {};
         return stat(kSubject, &found);
       }},
      {"access r", [](int) { return Allowed(R_OK); }},
      {"access w", [](int) { return Allowed(W_OK); }},
      {"access x", [](int) { return Allowed(X_OK); }},
      {"open r", [](int) { return Opened(kSubject, O_RDONLY); }},
      {"open w", [](int) { return Opened(kSubject, O_WRONLY); }},
      {"open rw", [](int) { return Opened(kSubject, O_RDWR); }},
      {"open append", [](int) { return Opened(kSubject, O_WRONLY | O_APPEND); }},
      {"open nofollow", [](int) { return Opened(kSubject, O_RDONLY | O_NOFOLLOW); }},
      {"open directory", [](int) { return Opened(kSubject, O_RDONLY | O_DIRECTORY); }},
      {"open path", [](int) { return Opened(kSubject, O_PATH | O_NOFOLLOW); }},
      {"open noatime", [](int) { return Opened(kSubject, O_RDONLY | O_NOATIME); }},
      {"open create", [](int) { return Opened(kSubject, O_WRONLY | O_CREAT); }},
      {"open create r", [](int) { return Opened(kSubject, O_RDONLY | O_CREAT, 0); }},
      {"open create excl", [](int) { return Opened(kSubject, O_WRONLY | O_CREAT | O_EXCL); }},
      {"open trunc", [](int) { return Opened(kSubject, O_WRONLY | O_TRUNC); }},
      {"open trunc r", [](int) { return Opened(kSubject, O_RDONLY | O_TRUNC); }},
      {"chmod 600", [](int) -> long { return chmod(kSubject, 0600); }},
      {"chmod 6755", [](int) -> long { return chmod(kSubject, 06755); }},
      {"chmod 1777", [](int) -> long { return chmod(kSubject, 01777); }},
      {"chown uid", [](int) -> long { return chown(kSubject, 1002, kSame); }},
      {"chown gid 1000", [](int) -> long { return chown(kSubject, kSame, 1000); }},
      {"chown gid 2000", [](int) -> long { return chown(kSubject, kSame, 2000); }},
      {"chown neither", [](int) -> long { return chown(kSubject, kSame, kSame); }},
      {"chown same", [](int) -> long { return chown(kSubject, 1000, 2000); }},
      {"lchown gid 1001", [](int) -> long { return lchown(kSubject, kSame, 1001); }},
      {"truncate", [](int) -> long { return truncate(kSubject, 3); }},
      {"truncate same", [](int) -> long { return truncate(kSubject, 8); }},
      {"truncate -1", [](int) -> long { return truncate(kSubject, -1); }},
      {"utimens null", [](int) -> long { return utimensat(AT_FDCWD, kSubject, nullptr, 0); }},
      {"utimens now", [](int) -> long { return utimensat(AT_FDCWD, kSubject, kNow, 0); }},
      {"utimens set", [](int) -> long { return utimensat(AT_FDCWD, kSubject, kOldTimes, 0); }},
      {"utimens atime", [](int) -> long { return utimensat(AT_FDCWD, kSubject, kOnlyAccess, 0); }},
      {"utimens omit", [](int) -> long { return utimensat(AT_FDCWD, kSubject, kNeither, 0); }},
      {"utimens link",
       [](int) -> long { return utimensat(AT_FDCWD, kSubject, kOldTimes, AT_SYMLINK_NOFOLLOW); }},
      {"readlink",
       [](int) -> long {
         char target[PATH_MAX];
         return readlink(kSubject, target, sizeof target);
       }},
      {"setxattr", [](int) -> long { return lsetxattr(kSubject, "user.a", "b", 1, 0); }},
      {"setxattr follow", [](int) -> long { return setxattr(kSubject, "user.a", "b", 1, 0); }},
      {"getxattr", [](int) -> long { return lgetxattr(kSubject, "user.none", nullptr, 0); }},
      {"removexattr", [](int) -> long { return lremovexattr(kSubject, "user.none"); }},
      {"listxattr", [](int) -> long { return llistxattr(kSubject, nullptr, 0); }},
      {"setxattr trusted", [](int) -> long { return lsetxattr(kSubject, "trusted.a", "b", 1, 0); }},
      {"chdir",
       [](int) -> long {
         const int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
         const long result = chdir(kSubject);
         const int error = errno;
         if (result == 0 && fchdir(here) != 0) return -2;
         close(here);
         errno = error;
         return result;
       }},
      {"statfs",
       [](int) -> long {
         struct statvfs found {};
         return statvfs(kSubject, &found);
       }},
  };
  return operations;
}

const std::vector<Operation>& NameOperations() {
  static const std::vector<Operation> operations = {
      {"open create 6777", [](int) { return Opened(kNewName, O_WRONLY | O_CREAT, 06777); }},
      {"tmpfile", [](int) { return OpenedTemporary(); }},
      {"link", [](int) -> long { return link(kSubject, kNewName); }},
      {"link away", [](int) -> long { return link(kSubject, kAway); }},
      {"link onto", [](int) -> long { return link(kOtherFile, kSubject); }},
      {"link to new", [](int) -> long { return link(kOtherFile, kNewName); }},
      {"mkdir", [](int) -> long { return mkdir(kNewName, 0775); }},
      {"mkdir 7777", [](int) -> long { return mkdir(kNewName, 07777); }},
      {"mkdir onto", [](int) -> long { return mkdir(kSubject, 0775); }},
      {"mkdir below", [](int) -> long { return mkdir("p/s/below", 0775); }},
      {"mkfifo", [](int) -> long { return mkfifo(kNewName, 0664); }},
      {"mkfifo onto", [](int) -> long { return mkfifo(kSubject, 0664); }},
      {"mknod file", [](int) -> long { return mknod(kNewName, S_IFREG | 06666, 0); }},
      {"mknod socket", [](int) -> long { return mknod(kNewName, S_IFSOCK | 0666, 0); }},
      {"mknod char", [](int) -> long { return mknod(kNewName, S_IFCHR | 0666, 0x103); }},
      {"mknod block", [](int) -> long { return mknod(kNewName, S_IFBLK | 0666, 0x700); }},
      {"mknod directory", [](int) -> long { return mknod(kNewName, S_IFDIR | 0777, 0); }},
      {"symlink", [](int) -> long { return symlink("anything", kNewName); }},
      {"symlink onto", [](int) -> long { return symlink("anything", kSubject); }},
      {"symlink empty", [](int) -> long { return symlink("", kNewName); }},
      {"rename", [](int) -> long { return rename(kSubject, kNewName); }},
      {"rename away", [](int) -> long { return rename(kSubject, kAway); }},
      {"rename self", [](int) -> long { return rename(kSubject, kSubject); }},
      {"rename into self", [](int) -> long { return rename(kSubject, "p/s/below"); }},
      {"rename file onto", [](int) -> long { return rename(kOtherFile, kSubject); }},
      {"rename directory onto", [](int) -> long { return rename(kOtherDirectory, kSubject); }},
      {"rename onto parent", [](int) -> long { return rename(kOtherDirectory, kParent); }},
      {"rename exchange", [](int) { return Exchanged(); }},
      {"rename noreplace",
       [](int) -> long {
         return renameat2(AT_FDCWD, kOtherFile, AT_FDCWD, kSubject, RENAME_NOREPLACE);
       }},
      {"rename dot", [](int) -> long { return rename("p/.", kAway); }},
      {"unlink", [](int) -> long { return unlink(kSubject); }},
      {"unlink slash", [](int) -> long { return unlink("p/s/"); }},
      {"rmdir", [](int) -> long { return rmdir(kSubject); }},
      {"rmdir dot", [](int) -> long { return rmdir("p/s/."); }},
      {"rmdir dot dot", [](int) -> long { return rmdir("p/s/.."); }},
      {"rmdir parent", [](int) -> long { return rmdir(kParent); }},
  };
  return operations;
}

const std::vector<Operation>& DescriptorOperations() {
  static const std::vector<Operation> operations = {
      {"fchmod 6755", [](int fd) -> long { return fchmod(fd, 06755); }, O_RDONLY},
      {"fchown gid 2000", [](int fd) -> long { return fchown(fd, kSame, 2000); }, O_RDONLY},
      {"fchown gid 1000", [](int fd) -> long { return fchown(fd, kSame, 1000); }, O_RDONLY},
      {"fchown uid", [](int fd) -> long { return fchown(fd, 1002, kSame); }, O_RDONLY},
      {"futimens now", [](int fd) -> long { return futimens(fd, kNow); }, O_RDONLY},
      {"futimens set", [](int fd) -> long { return futimens(fd, kOldTimes); }, O_RDONLY},
      {"fsetxattr", [](int fd) -> long { return fsetxattr(fd, "user.a", "b", 1, 0); }, O_RDONLY},
      {"ftruncate r", [](int fd) -> long { return ftruncate(fd, 3); }, O_RDONLY},
      {"ftruncate", [](int fd) -> long { return ftruncate(fd, 3); }, O_RDWR},
      {"ftruncate same", [](int fd) -> long { return ftruncate(fd, 8); }, O_RDWR},
      {"write", [](int fd) -> long { return pwrite(fd, "x", 1, 2); }, O_RDWR},
      {"write past", [](int fd) -> long { return pwrite(fd, "x", 1, 20); }, O_RDWR},
      {"write nothing", [](int fd) -> long { return pwrite(fd, "", 0, 2); }, O_RDWR},
      {"write append", [](int fd) -> long { return write(fd, "x", 1); }, O_WRONLY | O_APPEND},
      {"fallocate", [](int fd) -> long { return fallocate(fd, 0, 0, 9000); }, O_RDWR},
      {"fallocate keep", [](int fd) -> long { return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 9000); },
       O_RDWR},
      {"fallocate within", [](int fd) -> long { return fallocate(fd, 0, 0, 4); }, O_RDWR},
      {"fallocate r", [](int fd) -> long { return fallocate(fd, 0, 0, 9000); }, O_RDONLY},
      {"fallocate nothing", [](int fd) -> long { return fallocate(fd, 0, 0, 0); }, O_RDWR},
      {"fallocate before", [](int fd) -> long { return fallocate(fd, 0, -1, 10); }, O_RDWR},
      {"punch hole",
       [](int fd) -> long {
         return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 4);
       },
       O_RDWR},
      {"zero range", [](int fd) -> long { return fallocate(fd, FALLOC_FL_ZERO_RANGE, 1, 4); },
       O_RDWR},
      {"copy into", [](int fd) { return CopiedInto(fd); }, O_RDWR},
  };
  return operations;
}

}  // namespace checks
