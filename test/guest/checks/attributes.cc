// SPDX-License-Identifier: Apache-2.0
//
// GETATTR, SETATTR: modes, sizes and times.
#include <sys/statvfs.h>
#include <sys/time.h>

#include "file.h"

namespace checks {
namespace {

bool IsLater(const timespec& a, const timespec& b) {
  return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

// Longer than the tick by which the host's file systems date what happens.
void LetTheClockMove() {
  usleep(50'000);
}

CHECK("a new file has one link, its size and its type") {
  WriteFile("file", "12345");
  const struct stat found = Stat("file");
  Expect(S_ISREG(found.st_mode), "it is a regular file");
  ExpectEqual(found.st_nlink, nlink_t{1});
  ExpectEqual(found.st_size, off_t{5});
}

CHECK("stat by path and by descriptor agree") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, Pattern(70'000), 0);
  const struct stat by_path = Stat("file");
  const struct stat by_descriptor = Stat(file);
  ExpectEqual(by_path.st_ino, by_descriptor.st_ino);
  ExpectEqual(by_path.st_size, by_descriptor.st_size);
  ExpectEqual(by_path.st_mode, by_descriptor.st_mode);
}

CHECK("chmod by path sets all twelve bits") {
  WriteFile("file", "");
  for (const mode_t mode : {0000U, 0400U, 0777U, 01755U, 02755U, 04755U, 06711U, 0644U}) {
    Must(chmod("file", mode));
    ExpectEqual(Permissions("file"), mode);
  }
}

CHECK("fchmod changes the mode of an open file") {
  const File file("file", O_RDWR | O_CREAT, 0600);
  Must(fchmod(file, 0640));
  ExpectEqual(Permissions("file"), mode_t{0640});
}

CHECK("the umask takes bits from new files and directories") {
  umask(027);
  const File file("file", O_WRONLY | O_CREAT, 0666);
  Must(mkdir("directory", 0777));
  ExpectEqual(Permissions("file"), mode_t{0640});
  ExpectEqual(Permissions("directory"), mode_t{0750});
}

CHECK("a file created with mode 0 can be written by the one who made it") {
  const File file("file", O_WRONLY | O_CREAT, 0);
  WriteAt(file, "secret", 0);
  ExpectEqual(Permissions("file"), mode_t{0});
}

CHECK("truncate by path shrinks and grows, with zeros") {
  WriteFile("file", "0123456789");
  Must(truncate("file", 4));
  ExpectEqual(ReadFile("file"), "0123");
  Must(truncate("file", 8));
  ExpectSameContent(ReadFile("file"), std::string("0123\0\0\0\0", 8));
}

CHECK("ftruncate shrinks and grows, with zeros") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, Pattern(10'000), 0);
  Must(ftruncate(file, 5'000));
  ExpectEqual(Stat(file).st_size, off_t{5'000});
  Must(ftruncate(file, 9'000));
  ExpectSameContent(ReadAt(file, 10'000, 0),
                    Pattern(10'000).substr(0, 5'000) + std::string(4'000, '\0'));
}

CHECK("truncating a directory is EISDIR") {
  Must(mkdir("directory", 0755));
  FailsWith(EISDIR, truncate("directory", 0));
}

CHECK("utimensat sets both times to the nanosecond") {
  WriteFile("file", "");
  const timespec times[2] = {{1'000'000'001, 123'456'789}, {1'234'567'890, 987'654'321}};
  Must(utimensat(AT_FDCWD, "file", times, 0));
  const struct stat found = Stat("file");
  ExpectEqual(found.st_atim.tv_sec, times[0].tv_sec);
  ExpectEqual(found.st_atim.tv_nsec, times[0].tv_nsec);
  ExpectEqual(found.st_mtim.tv_sec, times[1].tv_sec);
  ExpectEqual(found.st_mtim.tv_nsec, times[1].tv_nsec);
}

CHECK("futimens sets the times of an open file") {
  const File file("file", O_RDWR | O_CREAT);
  const timespec times[2] = {{1'111'111'111, 1}, {1'222'222'222, 2}};
  Must(futimens(file, times));
  ExpectEqual(Stat(file).st_mtim.tv_nsec, 2L);
  ExpectEqual(Stat(file).st_atim.tv_sec, time_t{1'111'111'111});
}

CHECK("UTIME_OMIT leaves the other time alone") {
  WriteFile("file", "");
  const timespec both[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  Must(utimensat(AT_FDCWD, "file", both, 0));
  const timespec only_atime[2] = {{1'500'000'000, 5}, {0, UTIME_OMIT}};
  Must(utimensat(AT_FDCWD, "file", only_atime, 0));
  ExpectEqual(Stat("file").st_atim.tv_sec, time_t{1'500'000'000});
  ExpectEqual(Stat("file").st_mtim.tv_sec, time_t{1'000'000'000});
}

CHECK("UTIME_NOW brings an old file to the present") {
  WriteFile("file", "");
  const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  Must(utimensat(AT_FDCWD, "file", old, 0));
  Must(utimensat(AT_FDCWD, "file", nullptr, 0));
  Expect(Stat("file").st_mtim.tv_sec > 1'600'000'000, "the time is of today");
}

CHECK("times before 1970 are kept") {
  WriteFile("file", "");
  const timespec times[2] = {{-1'000, 0}, {-2'000, 0}};
  Must(utimensat(AT_FDCWD, "file", times, 0));
  ExpectEqual(Stat("file").st_mtim.tv_sec, time_t{-2'000});
}

CHECK("the times of a symbolic link are its own") {
  WriteFile("file", "");
  Must(symlink("file", "link"));
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 7}};
  Must(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
  ExpectEqual(LinkStat("link").st_mtim.tv_nsec, 7L);
  Expect(Stat("file").st_mtim.tv_sec != 1'000'000'000, "the target keeps its time");
}

CHECK("a write moves mtime and ctime") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, "before", 0);
  const struct stat before = Stat(file);
  LetTheClockMove();
  WriteAt(file, "after", 0);
  const struct stat after = Stat(file);
  Expect(IsLater(after.st_mtim, before.st_mtim), "mtime moved");
  Expect(IsLater(after.st_ctim, before.st_ctim), "ctime moved");
}

CHECK("chmod moves ctime and leaves mtime alone") {
  WriteFile("file", "");
  const struct stat before = Stat("file");
  LetTheClockMove();
  Must(chmod("file", 0600));
  const struct stat after = Stat("file");
  Expect(IsLater(after.st_ctim, before.st_ctim), "ctime moved");
  ExpectEqual(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

CHECK("creating and removing a name moves its directory's mtime") {
  Must(mkdir("directory", 0755));
  const struct stat before = Stat("directory");
  LetTheClockMove();
  WriteFile("directory/file", "");
  const struct stat between = Stat("directory");
  Expect(IsLater(between.st_mtim, before.st_mtim), "creating moved it");
  LetTheClockMove();
  Must(unlink("directory/file"));
  Expect(IsLater(Stat("directory").st_mtim, between.st_mtim), "removing moved it");
}

CHECK("statfs tells sizes that make sense") {
  struct statvfs found {};
  Must(statvfs(".", &found));
  Expect(found.f_bsize > 0 && found.f_blocks > 0, "there are blocks");
  Expect(found.f_bfree <= found.f_blocks, "no more are free than there are");
  ExpectEqual(found.f_namemax, 255UL);
}

}  // namespace
}  // namespace checks
