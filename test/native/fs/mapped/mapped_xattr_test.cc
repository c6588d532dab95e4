// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/mapped_xattr.h"

#include "mapped_directory.h"

namespace vfsd::fs::mapped {
namespace {

using namespace std::string_literals;
using fuse::kRootNode;

class MappedXattrTest : public testing::MappedDirectory {
 protected:
  void SetUp() override { Map(testing::Model::kXattr); }
};

TEST_F(MappedXattrTest, AttributesAreQemusByteForByte) {
  Be(1000, 0x01020304);
  ASSERT_TRUE(
      mapped_->MkNod(context_, kRootNode, NameOf("tty"), {.mode = S_IFCHR | 0620}, 4u << 8 | 0x7f)
          .ok());
  EXPECT_EQ(HostXattr("tty", "user.virtfs.uid"), "\xe8\3\0\0"s);
  EXPECT_EQ(HostXattr("tty", "user.virtfs.gid"), "\4\3\2\1"s);
  EXPECT_EQ(HostXattr("tty", "user.virtfs.mode"), "\x90\x21\0\0"s);
  EXPECT_EQ(HostXattr("tty", "user.virtfs.rdev"), "\x7f\4\0\0\0\0\0\0"s);
}

TEST_F(MappedXattrTest, ANumberOfADeviceIsKeptForWhatMknodMakesAlone) {
  ASSERT_TRUE(mapped_->MkNod(context_, kRootNode, NameOf("fifo"), {.mode = S_IFIFO}, 9).ok());
  ASSERT_TRUE(
      mapped_->Create(context_, kRootNode, NameOf("file"), {.mode = 0644}, {O_RDWR, 0}).ok());
  EXPECT_EQ(HostXattr("fifo", "user.virtfs.rdev"), std::string(8, '\0'));
  EXPECT_EQ(HostXattr("file", "user.virtfs.rdev"), "");
}

TEST_F(MappedXattrTest, ShortMissingAndOverlongAttributesAreTolerated) {
  WriteHost("file", "");
  SetHostXattr("file", "user.virtfs.uid", "\7");
  SetHostXattr("file", "user.virtfs.gid", "123456789");
  SetHostXattr("file", "user.virtfs.mode", "\xed\1"s);  // 0755 without a type
  EXPECT_EQ(Look("file").uid, 7u);
  EXPECT_EQ(Look("file").gid, getegid());
  EXPECT_EQ(Look("file").mode, S_IFREG | 0755u);
  SetHostXattr("file", "user.virtfs.mode", "");
  EXPECT_EQ(Look("file").mode, S_IFREG | 0600u);
}

TEST_F(MappedXattrTest, WhatIsADirectoryIsForTheHostToSay) {
  WriteHost("file", "");
  SetHostXattr("file", "user.virtfs.mode", "\xed\x41\0\0"s);  // a directory's
  EXPECT_EQ(Look("file").mode, S_IFREG | 0755u);
  MakeDirectory("directory", 0755);
  SetHostXattr("directory", "user.virtfs.mode", "\xed\x81\0\0"s);  // a regular file's
  EXPECT_EQ(Look("directory").mode, S_IFDIR | 0755u);
}

TEST_F(MappedXattrTest, ItsOwnAttributesAreHidden) {
  const NodeId node = MakeFile("file", 0644);
  const auto in = abi::fuse_setxattr_in{4, 0, 0, 0};
  const std::string zero(4, '\0');
  for (const char* name :
       {"user.virtfs.uid", "user.virtfs.anything", "user.virtfs.system.posix_acl_access"}) {
    EXPECT_EQ(mapped_->GetXattr(context_, node, name, {}).error(), Errno(ENODATA)) << name;
    EXPECT_EQ(mapped_->SetXattr(context_, node, name, std::as_bytes(std::span(zero)), in).error(),
              Errno(EACCES));
    EXPECT_EQ(mapped_->RemoveXattr(context_, node, name).error(), Errno(EACCES));
  }
  EXPECT_EQ(*mapped_->ListXattr(context_, node, {}), 0u);
}

TEST_F(MappedXattrTest, ListsAreKeptUnderQemusNamesAndListedUnderTheKernels) {
  const NodeId node = MakeFile("file", 0600);
  const std::string list(
      "\2\0\0\0\1\0\6\0\xff\xff\xff\xff\2\0\4\0\5\0\0\0\4\0\4\0\xff\xff\xff\xff"
      "\x10\0\4\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff",
      44);
  ASSERT_TRUE(mapped_
                  ->SetXattr(context_, node, "system.posix_acl_access",
                             std::as_bytes(std::span(list)), {44, 0, 0, 0})
                  .ok());
  EXPECT_EQ(HostXattr("file", "user.virtfs.system.posix_acl_access"), list);
  EXPECT_EQ(HostXattr("file", "system.posix_acl_access"), "");
  EXPECT_EQ(ModeOf("file"), 0600u);
  std::array<char, 100> names;
  const auto length = mapped_->ListXattr(context_, node, std::as_writable_bytes(std::span(names)));
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(std::string(names.data(), *length), "system.posix_acl_access\0"s);
}

}  // namespace
}  // namespace vfsd::fs::mapped
