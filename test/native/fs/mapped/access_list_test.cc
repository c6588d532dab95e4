// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/access_list.h"

#include <vector>

#include "abi/posix_acl.h"
#include "gtest/gtest.h"

namespace vfsd::fs::mapped {
namespace {

using List = std::vector<std::byte>;

struct Entry {
  uint16_t tag;
  uint16_t perm;
  uint32_t id = UINT32_MAX;
};

constexpr uint16_t kOwner = abi::ACL_USER_OBJ;
constexpr uint16_t kUser = abi::ACL_USER;
constexpr uint16_t kGroup = abi::ACL_GROUP_OBJ;
constexpr uint16_t kMask = abi::ACL_MASK;
constexpr uint16_t kOther = abi::ACL_OTHER;

List Make(const std::vector<Entry>& entries, uint32_t version = 2) {
  List list;
  const auto add = [&](const auto& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    list.insert(list.end(), bytes.begin(), bytes.end());
  };
  add(version);
  for (const Entry& entry : entries) {
    add(entry.tag);
    add(entry.perm);
    add(entry.id);
  }
  return list;
}

const std::vector<Entry> kNamed = {
    {kOwner, 7}, {kUser, 7, 1234}, {kGroup, 5}, {kMask, 6}, {kOther, 1}};

TEST(AccessListTest, TheGroupsBitsOfTheModeAreTheMask) {
  List list = Make(kNamed);
  const auto mode = ReadModeOfList(list);
  ASSERT_TRUE(mode.ok());
  EXPECT_EQ(mode->permissions, 0761u);
  EXPECT_FALSE(mode->is_mode);
}

TEST(AccessListTest, AListThatSaysNoMoreThanAModeIsOne) {
  List list = Make({{kOwner, 6}, {kGroup, 4}, {kOther, 0}});
  const auto mode = ReadModeOfList(list);
  ASSERT_TRUE(mode.ok());
  EXPECT_EQ(mode->permissions, 0640u);
  EXPECT_TRUE(mode->is_mode);
}

TEST(AccessListTest, ANewModeBecomesTheMaskAndLeavesTheGroupsOwnEntry) {
  List list = Make(kNamed);
  ASSERT_TRUE(SetModeOfList(list, 0640).ok());
  EXPECT_EQ(list, Make({{kOwner, 6}, {kUser, 7, 1234}, {kGroup, 5}, {kMask, 4}, {kOther, 0}}));
}

TEST(AccessListTest, WhatIsMadeGetsNoMoreThanItsModeSays) {
  List list = Make(kNamed);
  const auto mode = InheritList(list, 0644);
  ASSERT_TRUE(mode.ok());
  EXPECT_EQ(mode->permissions, 0640u);
  EXPECT_EQ(list, Make({{kOwner, 6}, {kUser, 7, 1234}, {kGroup, 5}, {kMask, 4}, {kOther, 0}}));
}

TEST(AccessListTest, WithoutAMaskTheGroupsEntryIsRestricted) {
  List list = Make({{kOwner, 7}, {kGroup, 7}, {kOther, 7}});
  const auto mode = InheritList(list, 0750);
  ASSERT_TRUE(mode.ok());
  EXPECT_EQ(mode->permissions, 0750u);
  EXPECT_TRUE(mode->is_mode);
}

TEST(AccessListTest, WhatIsNoListIsRefused) {
  const std::vector<List> wrong = {
      {},
      List(3),
      Make({{kOwner, 7}, {kGroup, 7}}),                              // nobody else
      Make({{kOwner, 7}, {kOwner, 7}, {kGroup, 7}, {kOther, 7}}),    // two owners
      Make({{kOwner, 8}, {kGroup, 7}, {kOther, 7}}),                 // no such permission
      Make({{kOwner, 7}, {kUser, 7, 5}, {kGroup, 7}, {kOther, 7}}),  // a user without a mask
      Make({{kOwner, 7}, {kGroup, 7}, {kOther, 7}, {0x40, 7}}),      // no such tag
  };
  for (List list : wrong) {
    EXPECT_EQ(ReadModeOfList(list).error(), Errno(EINVAL));
    EXPECT_EQ(SetModeOfList(list, 0777).error(), Errno(EINVAL));
    EXPECT_EQ(InheritList(list, 0777).error(), Errno(EINVAL));
  }
  List other = Make(kNamed, 3);
  EXPECT_EQ(ReadModeOfList(other).error(), Errno(EOPNOTSUPP));
}

}  // namespace
}  // namespace vfsd::fs::mapped
