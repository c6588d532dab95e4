// SPDX-License-Identifier: Apache-2.0
#include <linux/fs.h>

#include <atomic>

#include "exported_directory.h"

namespace vfsd::testing {
namespace {

using namespace std::string_literals;

constexpr int32_t kBringsDescriptor = 0x7fffffff;

class ProxyPaths : public ExportedDirectory {
 protected:
  ProxyPaths() {
    // What a client must never see: it lies beside the export.
    const UniqueFd secret(
        open((scratch_ + "/secret").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    EXPECT_EQ(write(secret.get(), "secret", 6), 6);
  }

  uint64_t InodeOf(std::string_view path) const {
    const Reply reply = Ask(Type::kLstat, Body().Text(path));
    return reply.type == 0 ? reply.U64(8) : 0;
  }
};

TEST_F(ProxyPaths, TheRootIsReachedInEveryWay) {
  const uint64_t root = StatOf("").st_ino;
  ASSERT_EQ(mkdir(PathOf("a").c_str(), 0755), 0);
  for (const char* path : {"/", "//", ".", "/.", "/a/..", "/..", "/../..", "..", "/a/../../.."}) {
    EXPECT_EQ(InodeOf(path), root) << path;
  }
}

TEST_F(ProxyPaths, APathNeedNotBeginWithASlashAndMayHaveSeveral) {
  ASSERT_EQ(mkdir(PathOf("a").c_str(), 0755), 0);
  MakeFile("a/file");
  const uint64_t file = StatOf("a/file").st_ino;
  for (const char* path : {"a/file", "/a/file", "//a//file", "/a/./file", "/a/../a/file"}) {
    EXPECT_EQ(InodeOf(path), file) << path;
  }
  EXPECT_EQ(StatusOf(Type::kMkdir, Body().U32(0).U32(0).Text("b").U32(0755)), 0);
  EXPECT_TRUE(Exists("b"));
}

TEST_F(ProxyPaths, DotsDoNotLeadOut) {
  EXPECT_EQ(InodeOf("/../secret"), 0u);
  EXPECT_EQ(Open("/../secret", O_RDONLY).status, -ENOENT);
  EXPECT_EQ(Create("/../new", O_WRONLY, 0644).status, kBringsDescriptor);
  EXPECT_TRUE(Exists("new")) << "above the root there is the root";
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/../secret")), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kRename, Body().Text("/../secret").Text("/stolen")), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kLink, Body().Text("/../secret").Text("/stolen")), -ENOENT);
}

TEST_F(ProxyPaths, LinksOnTheWayLeadToWhereTheyWouldInTheExport) {
  ASSERT_EQ(mkdir(PathOf("tmp").c_str(), 0755), 0);
  MakeFile("tmp/inside");
  ASSERT_EQ(symlink("/tmp", PathOf("absolute").c_str()), 0);
  ASSERT_EQ(symlink("../../../..", PathOf("up").c_str()), 0);
  ASSERT_EQ(symlink(scratch_.c_str(), PathOf("out").c_str()), 0);
  ASSERT_EQ(symlink("loop", PathOf("loop").c_str()), 0);
  EXPECT_EQ(InodeOf("/absolute/inside"), StatOf("tmp/inside").st_ino);
  EXPECT_EQ(InodeOf("/up/tmp/inside"), StatOf("tmp/inside").st_ino);
  EXPECT_EQ(Open("/out/secret", O_RDONLY).status, -ENOENT);
  EXPECT_EQ(Open("/up/secret", O_RDONLY).status, -ENOENT);
  EXPECT_EQ(Open("/loop/secret", O_RDONLY).status, -ELOOP);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/out/secret")), -ENOENT);
}

TEST_F(ProxyPaths, MagicLinksAreNotFollowed) {
  UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const proxy_helper::Tree tree(
      std::move(root), sys::ProcSelfFd(UniqueFd(open("/proc/self/fd", O_PATH | O_CLOEXEC))));
  const auto through = tree.Find("/proc/self/root/etc");
  ASSERT_FALSE(through.ok());
  EXPECT_EQ(through.error(), Errno(ELOOP));
}

TEST_F(ProxyPaths, AProcfsInTheExportIsClosed) {
  const proxy_helper::Tree tree(UniqueFd(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)),
                                sys::ProcSelfFd(UniqueFd(open("/proc/self/fd", O_PATH))));
  for (const char* path : {"/proc", "/proc/self/mem", "/proc/self/maps", "/proc/sys"}) {
    const auto found = tree.Find(path);
    ASSERT_FALSE(found.ok()) << path;
    EXPECT_EQ(found.error(), Errno(EACCES)) << path;
  }
  proxy_helper::Entry entry;
  EXPECT_EQ(tree.FindEntry("/proc/1/mem", entry).error(), Errno(EACCES));
}

TEST_F(ProxyPaths, WhatIsNoNameMakesAndRemovesNothing) {
  ASSERT_EQ(mkdir(PathOf("a").c_str(), 0755), 0);
  for (const char* path : {"/", "/.", "/..", "/a/", "/a/.", "/a/..", ".", ".."}) {
    EXPECT_EQ(StatusOf(Type::kMkdir, Body().U32(0).U32(0).Text(path).U32(0755)), -EINVAL) << path;
    EXPECT_EQ(StatusOf(Type::kMknod, Body().U32(0).U32(0).Text(path).U32(S_IFREG).U64(0)), -EINVAL)
        << path;
    EXPECT_EQ(StatusOf(Type::kSymlink, Body().U32(0).U32(0).Text("x").Text(path)), -EINVAL) << path;
    EXPECT_EQ(StatusOf(Type::kRemove, Body().Text(path)), -EINVAL) << path;
    EXPECT_EQ(StatusOf(Type::kRename, Body().Text(path).Text("/b")), -EINVAL) << path;
    EXPECT_EQ(StatusOf(Type::kRename, Body().Text("/a").Text(path)), -EINVAL) << path;
    EXPECT_EQ(StatusOf(Type::kLink, Body().Text("/a").Text(path)), -EINVAL) << path;
    EXPECT_EQ(StatusOf(Type::kReadlink, Body().Text(path).U32(100)), -EINVAL) << path;
    EXPECT_EQ(Create(path, O_WRONLY, 0644).status, -EINVAL) << path;
  }
  EXPECT_TRUE(Exists("a"));
}

TEST_F(ProxyPaths, AnEmptyPathNamesNothing) {
  EXPECT_EQ(StatusOf(Type::kLstat, Body().Text("")), -ENOENT);
  EXPECT_EQ(Open("", O_RDONLY).status, -ENOENT);
  EXPECT_EQ(Create("", O_WRONLY, 0644).status, -ENOENT);
  EXPECT_EQ(StatusOf(Type::kChown, Body().Text("").U32(5).U32(5)), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("")), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kSymlink, Body().U32(0).U32(0).Text("").Text("/link")), -ENOENT);
}

TEST_F(ProxyPaths, APathThatIsTooLongIsTooLong) {
  std::string path;
  while (path.size() < PATH_MAX - 1) {
    path += "/.";
  }
  path.resize(PATH_MAX - 1);
  EXPECT_NE(InodeOf(path), 0u) << "the longest one";
  for (const std::string& longer : {path + "/", path + std::string(61'000, '/')}) {
    EXPECT_EQ(StatusOf(Type::kLstat, Body().Text(longer)), -ENAMETOOLONG);
    EXPECT_EQ(Open(longer, O_RDONLY).status, -ENAMETOOLONG);
    EXPECT_EQ(Create(longer, O_WRONLY, 0644).status, -ENAMETOOLONG);
    EXPECT_EQ(StatusOf(Type::kRename, Body().Text("/a").Text(longer.substr(0, PATH_MAX))),
              -ENAMETOOLONG);
    EXPECT_EQ(StatusOf(Type::kSymlink, Body().U32(0).U32(0).Text(longer).Text("/link")),
              -ENAMETOOLONG);
  }
  const std::string name(256, 'x');
  EXPECT_EQ(StatusOf(Type::kMkdir, Body().U32(0).U32(0).Text("/" + name).U32(0755)), -ENAMETOOLONG);
}

TEST_F(ProxyPaths, APathMayHaveAnEndMark) {
  MakeFile("file");
  EXPECT_EQ(InodeOf("/\0"s), StatOf("").st_ino);
  EXPECT_EQ(InodeOf("/file\0"s), StatOf("file").st_ino);
  EXPECT_EQ(StatusOf(Type::kLstat, Body().Text("\0"s)), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("\0"s)), -ENOENT);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/file\0"s)), 0);
  EXPECT_FALSE(Exists("file"));
}

TEST_F(ProxyPaths, APathWithAnEndInItIsNone) {
  MakeFile("file");
  EXPECT_EQ(StatusOf(Type::kLstat, Body().Text("/file\0\0"s)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kRemove, Body().Text("/file\0/x"s)), -EINVAL);
  EXPECT_EQ(Open("/file\0.txt"s, O_RDONLY).status, -EINVAL);
  EXPECT_EQ(StatusOf(Type::kSymlink, Body().U32(0).U32(0).Text("a\0b"s).Text("/link")), -EINVAL);
  EXPECT_TRUE(Exists("file"));
  EXPECT_FALSE(Exists("link"));
}

TEST_F(ProxyPaths, ANeighbourWhoExchangesDirectoriesAndLinksLeadsNobodyOut) {
  ASSERT_EQ(mkdir(PathOf("way").c_str(), 0755), 0);
  MakeFile("way/secret", "inside");
  ASSERT_EQ(symlink(scratch_.c_str(), PathOf("other").c_str()), 0);
  std::atomic<bool> goes_on = true;
  std::thread neighbour([&] {
    while (goes_on) {
      renameat2(AT_FDCWD, PathOf("way").c_str(), AT_FDCWD, PathOf("other").c_str(),
                RENAME_EXCHANGE);
    }
  });
  int inside = 0;
  for (int i = 0; i < 3000; ++i) {
    const FdReply reply = Open("/way/secret", O_RDONLY);
    if (reply.status != kBringsDescriptor) {
      EXPECT_TRUE(reply.status == -ENOENT || reply.status == -EAGAIN) << reply.status;
      continue;
    }
    char text[7] = {};
    ASSERT_EQ(read(reply.fd.get(), text, 6), 6);
    ASSERT_STREQ(text, "inside");
    ++inside;
  }
  goes_on = false;
  neighbour.join();
  EXPECT_GT(inside, 0);
}

TEST_F(ProxyPaths, ANeighbourWhoExchangesAFileAndAFifoHoldsNobodyUp) {
  MakeFile("way");
  ASSERT_EQ(mkfifo(PathOf("other").c_str(), 0666), 0);
  std::atomic<bool> goes_on = true;
  std::thread neighbour([&] {
    while (goes_on) {
      renameat2(AT_FDCWD, PathOf("way").c_str(), AT_FDCWD, PathOf("other").c_str(),
                RENAME_EXCHANGE);
    }
  });
  // To open a FIFO for writing, which nobody reads, would have no end.
  for (int i = 0; i < 3000; ++i) {
    for (const FdReply& reply : {Open("/way", O_WRONLY), Create("/way", O_WRONLY, 0644)}) {
      if (reply.status != kBringsDescriptor) {
        EXPECT_EQ(reply.status, -ENXIO);
        continue;
      }
      struct stat found;
      ASSERT_EQ(fstat(reply.fd.get(), &found), 0);
      ASSERT_TRUE(S_ISREG(found.st_mode));
    }
  }
  goes_on = false;
  neighbour.join();
}

}  // namespace
}  // namespace vfsd::testing
