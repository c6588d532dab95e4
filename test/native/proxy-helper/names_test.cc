// SPDX-License-Identifier: Apache-2.0
#include <sys/sysmacros.h>

#include "exported_directory.h"

namespace vfsd::testing {
namespace {

class ProxyNames : public ExportedDirectory {
 protected:
  static bool IsRoot() { return geteuid() == 0; }
  static Body Made(uint32_t uid, uint32_t gid) { return Body().U32(uid).U32(gid); }
};

TEST_F(ProxyNames, EveryKindOfThingIsMadeForItsOwner) {
  if (!IsRoot()) {
    GTEST_SKIP() << "only root can be somebody else";
  }
  EXPECT_EQ(StatusOf(Type::kMkdir, Made(12, 34).Text("/directory").U32(0751)), 0);
  EXPECT_EQ(StatusOf(Type::kSymlink, Made(12, 34).Text("target").Text("/link")), 0);
  EXPECT_EQ(StatusOf(Type::kMknod, Made(12, 34).Text("/fifo").U32(S_IFIFO | 0640).U64(0)), 0);
  EXPECT_EQ(StatusOf(Type::kMknod, Made(12, 34).Text("/file").U32(S_IFREG | 0666).U64(0)), 0);
  EXPECT_EQ(Create("/created", O_WRONLY | O_CREAT | O_EXCL, 04755, 12, 34).status, 0x7fffffff);
  for (const char* name : {"directory", "link", "fifo", "file", "created"}) {
    EXPECT_EQ(StatOf(name).st_uid, 12u) << name;
    EXPECT_EQ(StatOf(name).st_gid, 34u) << name;
  }
  EXPECT_EQ(StatOf("directory").st_mode, static_cast<mode_t>(S_IFDIR | 0751));
  EXPECT_EQ(StatOf("fifo").st_mode, static_cast<mode_t>(S_IFIFO | 0640));
  EXPECT_EQ(StatOf("file").st_mode, static_cast<mode_t>(S_IFREG | 0666)) << "no mask of its own";
  EXPECT_EQ(StatOf("created").st_mode, static_cast<mode_t>(S_IFREG | 04755));
}

TEST_F(ProxyNames, AUserMakesThingsWhereTheModeForbidsIt) {
  if (!IsRoot()) {
    GTEST_SKIP() << "only root can be somebody else";
  }
  // The guest's kernel has decided that, by groups that the request does not name.
  ASSERT_EQ(mkdir(PathOf("closed").c_str(), 0700), 0);
  EXPECT_EQ(StatusOf(Type::kMkdir, Made(12, 34).Text("/closed/directory").U32(0755)), 0);
}

TEST_F(ProxyNames, DevicesAreForRootOfTheGuestAlone) {
  if (!IsRoot()) {
    GTEST_SKIP() << "only root makes devices";
  }
  const uint64_t null_device = makedev(1, 3);
  EXPECT_EQ(
      StatusOf(Type::kMknod, Made(12, 34).Text("/theirs").U32(S_IFCHR | 0666).U64(null_device)),
      -EPERM);
  EXPECT_EQ(StatusOf(Type::kMknod, Made(0, 0).Text("/roots").U32(S_IFCHR | 0666).U64(null_device)),
            0);
  EXPECT_EQ(StatOf("roots").st_rdev, null_device);
  // A user's reduced rights have not stayed.
  EXPECT_EQ(StatusOf(Type::kChown, Body().Text("/roots").U32(5).U32(6)), 0);
}

TEST_F(ProxyNames, ANumberThatIsNoDeviceIsRefused) {
  EXPECT_EQ(
      StatusOf(Type::kMknod, Made(0, 0).Text("/device").U32(S_IFCHR | 0666).U64(UINT64_MAX - 1)),
      -EINVAL);
}

TEST_F(ProxyNames, AForeignGroupsSetGroupIdIsNotToBeHad) {
  if (!IsRoot()) {
    GTEST_SKIP() << "only root can be somebody else";
  }
  ASSERT_EQ(mkdir(PathOf("shared").c_str(), 0777), 0);
  ASSERT_EQ(chown(PathOf("shared").c_str(), 0, 77), 0);
  ASSERT_EQ(chmod(PathOf("shared").c_str(), 02777), 0);
  EXPECT_EQ(Create("/shared/program", O_WRONLY, 02755, 12, 34).status, 0x7fffffff);
  EXPECT_EQ(StatOf("shared/program").st_gid, 77u);
  EXPECT_EQ(StatOf("shared/program").st_mode & 07777, 0755u);
  EXPECT_EQ(Create("/shared/member's", O_WRONLY, 02755, 12, 77).status, 0x7fffffff);
  EXPECT_EQ(StatOf("shared/member's").st_mode & 07777, 02755u);
}

TEST_F(ProxyNames, NobodysIdMakesNothing) {
  if (!IsRoot()) {
    GTEST_SKIP() << "only root can be somebody else";
  }
  // To setresuid(2) it means "no change", and things would be root's.
  EXPECT_EQ(StatusOf(Type::kMkdir, Made(UINT32_MAX, 0).Text("/directory").U32(0755)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kMkdir, Made(0, UINT32_MAX).Text("/directory").U32(0755)), -EINVAL);
  EXPECT_EQ(Create("/file", O_WRONLY, 0644, UINT32_MAX, UINT32_MAX).status, -EINVAL);
  EXPECT_FALSE(Exists("directory"));
  EXPECT_FALSE(Exists("file"));
}

TEST_F(ProxyNames, LinkNamesALinkItself) {
  ASSERT_EQ(symlink("nowhere", PathOf("link").c_str()), 0);
  EXPECT_EQ(StatusOf(Type::kLink, Body().Text("/link").Text("/second")), 0);
  EXPECT_EQ(StatOf("second").st_ino, StatOf("link").st_ino);
  EXPECT_EQ(StatusOf(Type::kLink, Body().Text("/missing").Text("/third")), -ENOENT);
}

TEST_F(ProxyNames, RenameMovesAndReplaces) {
  MakeFile("old", "old");
  MakeFile("new", "replaced");
  ASSERT_EQ(mkdir(PathOf("directory").c_str(), 0755), 0);
  EXPECT_EQ(StatusOf(Type::kRename, Body().Text("/old").Text("//new")), 0);
  EXPECT_FALSE(Exists("old"));
  EXPECT_EQ(StatOf("new").st_size, 3);
  EXPECT_EQ(StatusOf(Type::kRename, Body().Text("/new").Text("/directory/new")), 0);
  EXPECT_TRUE(Exists("directory/new"));
  EXPECT_EQ(StatusOf(Type::kRename, Body().Text("/missing").Text("/new")), -ENOENT);
}

TEST_F(ProxyNames, RemoveTakesFilesEmptyDirectoriesAndLinks) {
  MakeFile("file");
  ASSERT_EQ(mkdir(PathOf("directory").c_str(), 0755), 0);
  MakeFile("directory/file");
  ASSERT_EQ(symlink("directory", PathOf("link").c_str()), 0);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/directory")), -ENOTEMPTY);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/link")), 0);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/directory/file")), 0);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/directory")), 0);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/file")), 0);
  for (const char* name : {"file", "directory", "link"}) {
    EXPECT_FALSE(Exists(name)) << name;
  }
}

TEST_F(ProxyNames, ReadlinkAnswersAWholeTargetOrNone) {
  ASSERT_EQ(symlink("target", PathOf("link").c_str()), 0);
  MakeFile("file");
  const Reply reply = Ask(Type::kReadlink, Body().Text("/link").U32(4096));
  EXPECT_EQ(reply.type, 0u);
  EXPECT_EQ(reply.Text(), "target");
  EXPECT_EQ(Ask(Type::kReadlink, Body().Text("/link").U32(7)).Text(), "target");
  EXPECT_EQ(StatusOf(Type::kReadlink, Body().Text("/link").U32(6)), -ENAMETOOLONG);
  for (const uint32_t size : {0u, 1u, 0x80000000u, UINT32_MAX}) {
    EXPECT_EQ(StatusOf(Type::kReadlink, Body().Text("/link").U32(size)), -EINVAL) << size;
  }
  EXPECT_EQ(StatusOf(Type::kReadlink, Body().Text("/file").U32(100)), -EINVAL);
}

TEST_F(ProxyNames, TheLongestTargetIsRead) {
  const std::string target(PATH_MAX - 1, 'x');
  EXPECT_EQ(StatusOf(Type::kSymlink, Made(geteuid(), getegid()).Text(target).Text("/link")), 0);
  EXPECT_EQ(Ask(Type::kReadlink, Body().Text("/link").U32(PATH_MAX)).Text(), target);
}

}  // namespace
}  // namespace vfsd::testing
