// SPDX-License-Identifier: Apache-2.0
#include "fs/posix_acl.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace vfsd::fs {
namespace {

using namespace std::string_literals;
using Action = IdRange::Action;

const std::string kVersion = "\x02\0\0\0"s;
const std::string kOwner = "\x01\0\x06\0\xff\xff\xff\xff"s;
const std::string kGroup = "\x04\0\x04\0\xff\xff\xff\xff"s;
const std::string kMask = "\x10\0\x07\0\xff\xff\xff\xff"s;
const std::string kOther = "\x20\0\0\0\xff\xff\xff\xff"s;

std::string Entry(char tag, char permissions, uint32_t id) {
  std::string entry = {tag, '\0', permissions, '\0'};
  for (int shift = 0; shift < 32; shift += 8) {
    entry += static_cast<char>(id >> shift);
  }
  return entry;
}
std::string User(char permissions, uint32_t id) {
  return Entry(2, permissions, id);
}
std::string Group(char permissions, uint32_t id) {
  return Entry(8, permissions, id);
}

class PosixAclTest : public ::testing::Test {
 protected:
  /** The error, positive, or 0 with `text` changed. */
  int Translate(std::string& text, Conflict conflict = Conflict::kRefuse) const {
    const auto length =
        TranslatePosixAcl(std::as_writable_bytes(std::span(text)), users_, groups_, conflict);
    if (!length) {
      return length.error().value();
    }
    text.resize(*length);
    return 0;
  }

  IdTable users_{{{Action::kMap, 1000, 5000, 10},
                  {Action::kMap, 2000, 100, 10},
                  {Action::kSquash, 3000, 42, 10},
                  {Action::kForbid, 4000, 0, 10}}};
  IdTable groups_{{{Action::kMap, 1000, 6000, 10}, {Action::kSquash, 3000, 43, 10}}};
};

TEST_F(PosixAclTest, KnowsTheNames) {
  EXPECT_TRUE(IsPosixAcl("system.posix_acl_access"));
  EXPECT_TRUE(IsPosixAcl("system.posix_acl_default"));
  EXPECT_FALSE(IsPosixAcl("system.posix_acl_access2"));
  EXPECT_FALSE(IsPosixAcl("user.system.posix_acl_access"));
}

TEST_F(PosixAclTest, TranslatesTheIdsOfUsersAndGroupsByteByByte) {
  std::string acl = kVersion + kOwner + User(7, 1003) + kGroup + Group(5, 1003) + kMask + kOther;
  EXPECT_EQ(Translate(acl), 0);
  EXPECT_EQ(acl,
            "\x02\0\0\0"
            "\x01\0\x06\0\xff\xff\xff\xff"
            "\x02\0\x07\0\x8b\x13\0\0"
            "\x04\0\x04\0\xff\xff\xff\xff"
            "\x08\0\x05\0\x73\x17\0\0"
            "\x10\0\x07\0\xff\xff\xff\xff"
            "\x20\0\0\0\xff\xff\xff\xff"s);
}

TEST_F(PosixAclTest, ReadsAValueWhereverItLies) {
  const std::string acl = kVersion + kOwner + User(7, 1003) + kGroup + kMask + kOther;
  std::string shifted = "x" + acl;
  const auto length = TranslatePosixAcl(std::as_writable_bytes(std::span(shifted)).subspan(1),
                                        users_, groups_, Conflict::kRefuse);
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(shifted.substr(1, *length),
            kVersion + kOwner + User(7, 5003) + kGroup + kMask + kOther);
}

TEST_F(PosixAclTest, TheIdOfAnOtherKindOfEntryIsNotTouched) {
  const std::string owner = Entry(1, 6, 1003);
  std::string acl = kVersion + owner + kGroup + kOther;
  EXPECT_EQ(Translate(acl), 0);
  EXPECT_EQ(acl, kVersion + owner + kGroup + kOther);
}

TEST_F(PosixAclTest, EntriesStaySortedByTheirNewIds) {
  std::string acl = kVersion + kOwner + User(7, 500) + User(6, 1000) + User(5, 2000) + kGroup +
                    Group(4, 1000) + Group(1, 2000) + kMask + kOther;
  EXPECT_EQ(Translate(acl), 0);
  EXPECT_EQ(acl, kVersion + kOwner + User(5, 100) + User(7, 500) + User(6, 5000) + kGroup +
                     Group(1, 2000) + Group(4, 6000) + kMask + kOther);
}

TEST_F(PosixAclTest, EntriesThatSayTheSameOfOneIdBecomeOne) {
  std::string acl =
      kVersion + kOwner + User(4, 3000) + User(4, 3001) + User(4, 3009) + kGroup + kMask + kOther;
  EXPECT_EQ(Translate(acl), 0);
  EXPECT_EQ(acl, kVersion + kOwner + User(4, 42) + kGroup + kMask + kOther);
}

TEST_F(PosixAclTest, EntriesThatContradictEachOtherAreRefusedOrRestricted) {
  const std::string before = kVersion + kOwner + User(7, 42) + User(6, 3000) + User(5, 3001) +
                             kGroup + Group(0, 3000) + Group(7, 3001) + kMask + kOther;
  std::string acl = before;
  EXPECT_EQ(Translate(acl, Conflict::kRefuse), EINVAL);
  acl = before;
  EXPECT_EQ(Translate(acl, Conflict::kRestrict), 0);
  EXPECT_EQ(acl, kVersion + kOwner + User(4, 42) + kGroup + Group(0, 43) + kMask + kOther);
}

TEST_F(PosixAclTest, AUserAndAGroupOfOneNumberStayTwo) {
  std::string acl = kVersion + kOwner + User(7, 43) + kGroup + Group(1, 3000) + kMask + kOther;
  EXPECT_EQ(Translate(acl), 0);
  EXPECT_EQ(acl, kVersion + kOwner + User(7, 43) + kGroup + Group(1, 43) + kMask + kOther);
}

TEST_F(PosixAclTest, AForbiddenUserIsRefused) {
  std::string acl = kVersion + kOwner + User(7, 4005) + kGroup + kMask + kOther;
  EXPECT_EQ(Translate(acl), EPERM);
  acl = kVersion + kOwner + kGroup + Group(7, 4005) + kMask + kOther;
  EXPECT_EQ(Translate(acl), 0) << "only users are";
}

TEST_F(PosixAclTest, NobodyIsNoUser) {
  std::string acl = kVersion + kOwner + User(7, UINT32_MAX) + kGroup + kMask + kOther;
  EXPECT_EQ(Translate(acl), EINVAL);
}

TEST_F(PosixAclTest, WhatIsNoListIsRefused) {
  std::string empty;
  EXPECT_EQ(Translate(empty), 0);
  for (std::string text : {"\x02"s, "\x02\0\0"s, kVersion + "x", kVersion + kOwner + "1234567"}) {
    EXPECT_EQ(Translate(text), EINVAL);
  }
  std::string other = "\x03\0\0\0"s + kOwner;
  EXPECT_EQ(Translate(other), EOPNOTSUPP);
  std::string bare = kVersion;
  EXPECT_EQ(Translate(bare), 0);
  EXPECT_EQ(bare, kVersion);
}

TEST_F(PosixAclTest, TheLongestListIsTranslated) {
  std::string acl = kVersion;
  while (acl.size() + 8 <= 65536) {
    acl += User(4, static_cast<uint32_t>(100000 - acl.size()));
  }
  EXPECT_EQ(Translate(acl), 0);
  EXPECT_EQ(acl.size(), 65532u);
}

}  // namespace
}  // namespace vfsd::fs
