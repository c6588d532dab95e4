// SPDX-License-Identifier: Apache-2.0
//
// Who owns what, and who may do what: CREATE, MKDIR and the rest with the caller's ids, ACCESS.
#include "file.h"

namespace checks {
namespace {

void ExpectOwner(const std::string& path, uid_t uid, gid_t gid) {
  const struct stat found = LinkStat(path);
  ExpectEqual(found.st_uid, uid);
  ExpectEqual(found.st_gid, gid);
}

// As an ordinary user the daemon has one id, which the guest sees as the owner of the share.
CHECK("what root makes belongs to root, or to the daemon's only id") {
  const struct stat share = Stat(CurrentRun().share);
  const bool has_one_id = CurrentRun().is_unprivileged;
  const uid_t uid = has_one_id ? share.st_uid : 0;
  const gid_t gid = has_one_id ? share.st_gid : 0;
  WriteFile("file", "");
  Must(mkdir("directory", 0755));
  ExpectOwner("file", uid, gid);
  ExpectOwner("directory", uid, gid);
}

CHECK("whatever user 1000 makes belongs to user 1000") {
  NeedsOtherOwners();
  Must(chmod(".", 0777));
  AsUser([] {
    WriteFile("file", "mine");
    Must(mkdir("directory", 0755));
    Must(symlink("file", "link"));
    Must(mkfifo("fifo", 0644));
    for (const char* name : {"file", "directory", "link", "fifo"}) ExpectOwner(name, 1000, 1000);
  });
  ExpectOwner("file", 1000, 1000);
}

CHECK("user 1000 does not write into root's directory") {
  WriteFile("file", "root's");
  AsUser([] {
    FailsWith(EACCES, open("new", O_WRONLY | O_CREAT, 0644));
    FailsWith(EACCES, open("file", O_WRONLY));
    FailsWith(EACCES, unlink("file"));
    ExpectEqual(ReadFile("file"), "root's");
  });
}

CHECK("user 1000 does not read what only root may read") {
  WriteFile("file", "secret");
  Must(chmod("file", 0600));
  Must(mkdir("directory", 0700));
  AsUser([] {
    FailsWith(EACCES, open("file", O_RDONLY));
    FailsWith(EACCES, open("directory", O_RDONLY));
  });
}

CHECK("access answers by the caller's rights") {
  WriteFile("file", "");
  Must(chmod("file", 0744));
  Must(access("file", R_OK | W_OK | X_OK));
  AsUser([] {
    Must(access("file", R_OK));
    FailsWith(EACCES, access("file", W_OK));
    FailsWith(EACCES, access("file", X_OK));
    FailsWith(ENOENT, access("nothing", F_OK));
  });
}

CHECK("root gives a file away by path, by link and by descriptor") {
  NeedsOtherOwners();
  const File file("file", O_RDWR | O_CREAT);
  Must(symlink("file", "link"));
  Must(chown("file", 1000, 1001));
  ExpectOwner("file", 1000, 1001);
  Must(lchown("link", 1002, 1003));
  ExpectOwner("link", 1002, 1003);
  ExpectOwner("file", 1000, 1001);
  Must(fchown(file, 5, static_cast<gid_t>(-1)));
  ExpectOwner("file", 5, 1001);
}

CHECK("user 1000 neither gives files away nor changes root's mode") {
  NeedsOtherOwners();
  WriteFile("file", "");
  WriteFile("own", "");
  Must(chown("own", 1000, 1000));
  AsUser([] {
    FailsWith(EPERM, chmod("file", 0777));
    FailsWith(EPERM, chown("own", 0, 0));
    Must(chmod("own", 0600));
  });
}

CHECK("giving a program away takes its set-user-ID bit") {
  NeedsOtherOwners();
  WriteFile("file", "");
  Must(chmod("file", 06755));
  Must(chown("file", 1000, 1000));
  ExpectEqual(Permissions("file"), mode_t{0755});
}

CHECK("a write by another user takes the set-user-ID bit") {
  WriteFile("file", "before");
  Must(chmod("file", 04777));
  AsUser([] {
    const File file("file", O_WRONLY);
    WriteAt(file, "after", 0);
  });
  ExpectEqual(Permissions("file"), mode_t{0777});
}

CHECK("a directory with set-group-ID hands its group on") {
  NeedsOtherOwners();
  Must(mkdir("directory", 0755));
  Must(chown("directory", 0, 1234));
  Must(chmod("directory", 02777));
  AsUser([] {
    WriteFile("directory/file", "");
    Must(mkdir("directory/below", 0755));
  });
  ExpectOwner("directory/file", 1000, 1234);
  ExpectOwner("directory/below", 1000, 1234);
  Expect((Permissions("directory/below") & S_ISGID) != 0, "the directory below does the same");
}

CHECK("in a sticky directory only the owner removes and renames") {
  Must(mkdir("directory", 0777));
  Must(chmod("directory", 01777));
  WriteFile("directory/file", "");
  AsUser([] {
    FailsWith(EPERM, unlink("directory/file"));
    FailsWith(EPERM, rename("directory/file", "directory/taken"));
  });
  Must(unlink("directory/file"));
}

}  // namespace
}  // namespace checks
