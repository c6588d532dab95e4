// SPDX-License-Identifier: Apache-2.0

// Extended attributes and access control lists of the guest, in both mapped models.

#include "both_models.h"

namespace vfsd::fs::mapped {
namespace {

using testing::Model;

constexpr const char* kAccess = "system.posix_acl_access";
constexpr const char* kDefault = "system.posix_acl_default";

class MappedListsTest : public testing::BothModels {
 protected:
  std::string GuestXattr(NodeId node, const char* name) {
    std::array<char, 1000> value;
    const auto length =
        mapped_->GetXattr(context_, node, name, std::as_writable_bytes(std::span(value)));
    return length ? std::string(value.data(), *length) : std::to_string(length.error().value());
  }
  Status SetGuestXattr(NodeId node, const char* name, std::string_view value) {
    return mapped_->SetXattr(context_, node, name, std::as_bytes(std::span(value)),
                             {static_cast<uint32_t>(value.size()), 0, 0, 0});
  }
  static std::string Acl(uint16_t named, uint16_t mask) {
    struct Entry {
      uint16_t tag;
      uint16_t perm;
      uint32_t id;
    };
    constexpr uint32_t kNoId = UINT32_MAX;
    const struct {
      uint32_t version = 2;
      Entry entries[5];
    } list = {2, {{1, 6, kNoId}, {2, named, 0}, {4, 4, kNoId}, {16, mask, kNoId}, {32, 0, kNoId}}};
    return {reinterpret_cast<const char*>(&list), sizeof list};
  }
};

INSTANTIATE_TEST_SUITE_P(Models, MappedListsTest, ::testing::Values(Model::kXattr, Model::kFile),
                         MappedListsTest::NameOfModel);

TEST_P(MappedListsTest, AttributesOfUsersAreTheGuestsAndOthersAreNot) {
  const NodeId node = MakeFile("file", 0644);
  ASSERT_TRUE(SetGuestXattr(node, "user.colour", "red").ok());
  EXPECT_EQ(GuestXattr(node, "user.colour"), "red");
  for (const char* name : {"security.capability", "trusted.x", "security.selinux"}) {
    EXPECT_EQ(SetGuestXattr(node, name, "x").error(), Errno(EOPNOTSUPP)) << name;
    EXPECT_EQ(GuestXattr(node, name), std::to_string(EOPNOTSUPP)) << name;
    EXPECT_EQ(mapped_->RemoveXattr(context_, node, name).error(), Errno(EOPNOTSUPP)) << name;
  }
  std::array<char, 100> names;
  const auto length = mapped_->ListXattr(context_, node, std::as_writable_bytes(std::span(names)));
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(std::string(names.data(), *length), std::string("user.colour\0", 12));
  EXPECT_EQ(*mapped_->ListXattr(context_, node, {}), 12u);
  const auto narrow =
      mapped_->ListXattr(context_, node, std::as_writable_bytes(std::span(names)).first(5));
  EXPECT_EQ(narrow.error(), Errno(ERANGE));
  ASSERT_TRUE(mapped_->RemoveXattr(context_, node, "user.colour").ok());
  EXPECT_EQ(GuestXattr(node, "user.colour"), std::to_string(ENODATA));
}

TEST_P(MappedListsTest, WithoutTheOptionThereAreNoneForTheGuest) {
  Map(GetParam(), {.xattr = false});
  const NodeId node = MakeFile("file", 04755);
  EXPECT_EQ(GuestMode(node), S_IFREG | 04755u);
  EXPECT_EQ(GuestXattr(node, "user.colour"), std::to_string(ENOSYS));
  EXPECT_EQ(mapped_->ListXattr(context_, node, {}).error(), Errno(ENOSYS));
}

TEST_P(MappedListsTest, AListSetsTheModeAndFollowsIt) {
  const NodeId node = MakeFile("file", 0600);
  ASSERT_TRUE(SetGuestXattr(node, kAccess, Acl(6, 6)).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0660u);
  EXPECT_EQ(GuestXattr(node, kAccess), Acl(6, 6));
  ASSERT_TRUE(Chmod(node, S_IFREG | 0640).ok());
  EXPECT_EQ(GuestXattr(node, kAccess), Acl(6, 4));
  EXPECT_TRUE(mapped_->RemoveXattr(context_, node, kAccess).ok());
  EXPECT_EQ(GuestXattr(node, kAccess), std::to_string(ENODATA));
  EXPECT_TRUE(mapped_->RemoveXattr(context_, node, kAccess).ok());
  EXPECT_EQ(SetGuestXattr(node, kAccess, "rubbish").error(), Errno(EINVAL));
}

TEST_P(MappedListsTest, AListThatSaysNoMoreThanAModeIsNotKept) {
  const NodeId node = MakeFile("file", 0600);
  const std::string three(
      "\2\0\0\0\1\0\7\0\xff\xff\xff\xff\4\0\5\0\xff\xff\xff\xff\x20\0\1\0\xff\xff\xff\xff", 28);
  ASSERT_TRUE(SetGuestXattr(node, kAccess, three).ok());
  EXPECT_EQ(GuestMode(node), S_IFREG | 0751u);
  EXPECT_EQ(GuestXattr(node, kAccess), std::to_string(ENODATA));
}

TEST_P(MappedListsTest, ADefaultListIsHandedDownInsteadOfTheMask) {
  const NodeId directory = MakeDirectory("directory", 0777);
  ASSERT_TRUE(SetGuestXattr(directory, kDefault, Acl(7, 7)).ok());
  ASSERT_TRUE(
      mapped_->MkNod(context_, directory, NameOf("file"), {.mode = S_IFREG | 0664, .umask = 077}, 0)
          .ok());
  EXPECT_EQ(Look("file", directory).mode, S_IFREG | 0660u);
  EXPECT_EQ(GuestXattr(NodeOf("file", directory), kAccess), Acl(7, 6));
  const NodeId below = MakeDirectory("below", 0750, directory);
  EXPECT_EQ(GuestXattr(below, kDefault), Acl(7, 7));
  EXPECT_EQ(GuestXattr(below, kAccess), Acl(7, 5));
}

TEST_P(MappedListsTest, WithoutListsInTheGuestTheyAreNobodys) {
  context_.negotiated = 0;
  const NodeId node = MakeFile("file", 0600);
  EXPECT_EQ(SetGuestXattr(node, kAccess, Acl(6, 6)).error(), Errno(EOPNOTSUPP));
  EXPECT_EQ(GuestXattr(node, kAccess), std::to_string(EOPNOTSUPP));
}

}  // namespace
}  // namespace vfsd::fs::mapped
