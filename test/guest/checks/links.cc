// SPDX-License-Identifier: Apache-2.0
//
// SYMLINK, READLINK, LINK, UNLINK, MKNOD.
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "file.h"

namespace checks {
namespace {

std::string Target(const std::string& path) {
  std::string target(5000, '\0');
  target.resize(static_cast<size_t>(Must(readlink(path.c_str(), target.data(), target.size()))));
  return target;
}

CHECK("a symbolic link leads to its target") {
  WriteFile("file", "content");
  Must(symlink("file", "link"));
  ExpectEqual(Target("link"), "file");
  ExpectEqual(ReadFile("link"), "content");
  Expect(S_ISLNK(LinkStat("link").st_mode), "it is a link");
  ExpectEqual(LinkStat("link").st_size, off_t{4});
}

CHECK("a symbolic link may dangle") {
  Must(symlink("nowhere", "link"));
  FailsWith(ENOENT, open("link", O_RDONLY));
  ExpectEqual(Target("link"), "nowhere");
}

CHECK("an absolute symbolic link is followed in the guest") {
  Must(symlink("/proc/version", "link"));
  Expect(ReadFile("link").starts_with("Linux version"), "it leads to the guest's own file");
}

CHECK("a target of 4,095 bytes is kept whole") {
  std::string target;
  while (target.size() < 4'095) target += "t/";
  target.resize(4'095);
  Must(symlink(target.c_str(), "link"));
  ExpectSameContent(Target("link"), target);
}

CHECK("readlink of a file is EINVAL") {
  WriteFile("file", "");
  char target[16];
  FailsWith(EINVAL, readlink("file", target, sizeof target));
}

CHECK("a symbolic link over an existing name is EEXIST") {
  WriteFile("file", "");
  FailsWith(EEXIST, symlink("elsewhere", "file"));
}

CHECK("opening a symbolic link with O_NOFOLLOW is ELOOP") {
  WriteFile("file", "");
  Must(symlink("file", "link"));
  FailsWith(ELOOP, open("link", O_RDONLY | O_NOFOLLOW));
}

CHECK("a hard link is the same inode, and counts") {
  WriteFile("one", "shared");
  Must(link("one", "two"));
  ExpectEqual(Stat("one").st_ino, Stat("two").st_ino);
  ExpectEqual(Stat("one").st_nlink, nlink_t{2});
  ExpectEqual(Stat("two").st_nlink, nlink_t{2});
  WriteFile("two", "changed");
  ExpectEqual(ReadFile("one"), "changed");
}

CHECK("removing one hard link leaves the other") {
  WriteFile("one", "stays");
  Must(link("one", "two"));
  Must(unlink("one"));
  ExpectEqual(Stat("two").st_nlink, nlink_t{1});
  ExpectEqual(ReadFile("two"), "stays");
}

CHECK("a hard link to a symbolic link is a link to the link") {
  Must(symlink("nowhere", "one"));
  Must(linkat(AT_FDCWD, "one", AT_FDCWD, "two", 0));
  ExpectEqual(Target("two"), "nowhere");
  ExpectEqual(LinkStat("one").st_ino, LinkStat("two").st_ino);
}

CHECK("a hard link to a directory is EPERM") {
  Must(mkdir("directory", 0755));
  FailsWith(EPERM, link("directory", "link"));
}

CHECK("a hard link over an existing name is EEXIST") {
  WriteFile("one", "");
  WriteFile("two", "");
  FailsWith(EEXIST, link("one", "two"));
}

CHECK("removing what is not there is ENOENT") {
  FailsWith(ENOENT, unlink("nothing"));
  FailsWith(ENOENT, rmdir("nothing"));
}

CHECK("unlink of a directory is EISDIR, rmdir of a file is ENOTDIR") {
  Must(mkdir("directory", 0755));
  WriteFile("file", "");
  FailsWith(EISDIR, unlink("directory"));
  FailsWith(ENOTDIR, rmdir("file"));
}

CHECK("a file that is removed while it is open can be read and written") {
  const File file("file", O_RDWR | O_CREAT);
  WriteAt(file, "before", 0);
  Must(unlink("file"));
  Expect(!Exists("file"), "the name is gone");
  WriteAt(file, " and after", 6);
  ExpectEqual(ReadAt(file, 100, 0), "before and after");
  ExpectEqual(Stat(file).st_nlink, nlink_t{0});
  Must(ftruncate(file, 6));
  ExpectEqual(Stat(file).st_size, off_t{6});
}

CHECK("a name can be used again while the removed file is open") {
  const File old("file", O_RDWR | O_CREAT);
  WriteAt(old, "old", 0);
  Must(unlink("file"));
  WriteFile("file", "new");
  ExpectEqual(ReadAt(old, 10, 0), "old");
  ExpectEqual(ReadFile("file"), "new");
}

CHECK("a fifo is made, and passes bytes between processes of the guest") {
  Must(mkfifo("fifo", 0644));
  Expect(S_ISFIFO(Stat("fifo").st_mode), "it is a fifo");
  const File reader("fifo", O_RDONLY | O_NONBLOCK);
  InChild([] {
    const File writer("fifo", O_WRONLY);
    Must(write(writer, "through", 7));
  });
  char text[8] = {};
  ExpectEqual(Must(read(reader, text, sizeof text)), 7L);
  ExpectEqual(std::string(text), "through");
}

CHECK("mknod makes a regular file") {
  Must(mknod("file", S_IFREG | 0640, 0));
  Expect(S_ISREG(Stat("file").st_mode), "it is a regular file");
  ExpectEqual(Permissions("file"), mode_t{0640});
  ExpectEqual(Stat("file").st_size, off_t{0});
}

CHECK("mknod over an existing name is EEXIST") {
  WriteFile("file", "");
  FailsWith(EEXIST, mknod("file", S_IFREG | 0644, 0));
}

CHECK("a socket is made, and answers in the guest") {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string("socket").copy(address.sun_path, sizeof address.sun_path);
  const File listener(static_cast<int>(Must(socket(AF_UNIX, SOCK_STREAM, 0))));
  Must(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address));
  Must(listen(listener, 1));
  Expect(S_ISSOCK(Stat("socket").st_mode), "it is a socket");
  const File client(static_cast<int>(Must(socket(AF_UNIX, SOCK_STREAM, 0))));
  Must(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

CHECK("root makes a device node, with its numbers") {
  NeedsOtherOwners();
  Must(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
  const struct stat found = Stat("null");
  Expect(S_ISCHR(found.st_mode), "it is a character device");
  ExpectEqual(major(found.st_rdev), 1U);
  ExpectEqual(minor(found.st_rdev), 3U);
}

}  // namespace
}  // namespace checks
