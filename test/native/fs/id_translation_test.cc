// SPDX-License-Identifier: Apache-2.0
#include "fs/id_translation.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "one_file.h"

namespace vfsd::fs {
namespace {

using namespace std::string_literals;
using fuse::kRootNode;
using fuse::Name;
using identity::GuestGid;
using identity::GuestUid;
using testing::OneFile;
using Action = IdRange::Action;

constexpr const char* kAcl = "system.posix_acl_access";

/** An access list with one user in it. */
std::string AclOf(uint32_t user) {
  std::string acl = "\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0"s;
  acl.append(reinterpret_cast<const char*>(&user), sizeof user);
  return acl +
         "\x04\0\x04\0\xff\xff\xff\xff\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff"s;
}

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/** The guest's users 0 to 99 are the host's from 100000 on, groups from 200000 on; 500 to 509 are
 * forbidden; 600 and 601 are the host's user 7; the guest's 1000 is the host's root. */
class IdTranslationTest : public ::testing::Test {
 protected:
  void As(uint32_t uid, uint32_t gid) { context_.caller = {GuestUid{uid}, GuestGid{gid}}; }

  std::pair<uint32_t, uint32_t> Caller() const {
    return {static_cast<uint32_t>(host_.caller.uid), static_cast<uint32_t>(host_.caller.gid)};
  }

  using Ids = std::pair<uint32_t, uint32_t>;
  static Ids IdsOf(const abi::fuse_attr& attributes) { return {attributes.uid, attributes.gid}; }

  testing::AwakeAlways sleep_;
  fuse::RequestContext context_{{}, abi::FUSE_POSIX_ACL, sleep_};
  OneFile host_;
  IdTranslation fs_{
      host_,
      {.uids_to_host = IdTable({{Action::kMap, 0, 100000, 100},
                                {Action::kForbid, 500, 0, 10},
                                {Action::kSquash, 600, 7, 2},
                                {Action::kMap, 1000, 0, 1}}),
       .gids_to_host = IdTable({{Action::kMap, 0, 200000, 100}, {Action::kForbid, 500, 0, 10}}),
       .uids_to_guest = IdTable({{Action::kMap, 100000, 0, 100},
                                 {Action::kSquash, 300, 65534, 100},
                                 {Action::kMap, 0, 1000, 1}}),
       .gids_to_guest = IdTable({{Action::kMap, 200000, 0, 100}})}};
  const Name file_ = *Name::Check("file");
  const Name new_ = *Name::Check("new");
};

TEST_F(IdTranslationTest, AttributesHaveTheGuestsIds) {
  host_.uid = 100003;
  host_.gid = 200004;
  const Ids guest = {3, 4};
  EXPECT_EQ(IdsOf(fs_.Lookup(context_, kRootNode, file_)->attr), guest);
  EXPECT_EQ(IdsOf(fs_.GetAttr(context_, OneFile::kFile)->attr), guest);
  EXPECT_EQ(IdsOf(fs_.SetAttr(context_, OneFile::kFile, {})->attr), guest);
  EXPECT_EQ(IdsOf(fs_.Link(context_, OneFile::kFile, kRootNode, new_)->attr), guest);
  EXPECT_EQ(IdsOf(fs_.MkNod(context_, kRootNode, new_, {}, 0)->attr), guest);
  EXPECT_EQ(IdsOf(fs_.MkDir(context_, kRootNode, new_, {})->attr), guest);
  EXPECT_EQ(IdsOf(fs_.Symlink(context_, kRootNode, new_, "x", {})->attr), guest);
  EXPECT_EQ(IdsOf(fs_.Create(context_, kRootNode, new_, {}, {})->entry.attr), guest);
  EXPECT_EQ(IdsOf(fs_.TmpFile(context_, kRootNode, {}, {})->entry.attr), guest);
  const auto statx = fs_.Statx(context_, OneFile::kFile, 0);
  EXPECT_EQ(statx->stat.uid, 3u);
  EXPECT_EQ(statx->stat.gid, 4u);
}

TEST_F(IdTranslationTest, UnlistedIdsPassAndSquashedOnesBecomeOne) {
  host_.uid = 77;
  host_.gid = 300;
  EXPECT_EQ(IdsOf(fs_.GetAttr(context_, OneFile::kFile)->attr), Ids(77, 300));
  host_.uid = 350;
  EXPECT_EQ(IdsOf(fs_.GetAttr(context_, OneFile::kFile)->attr), Ids(65534, 300));
}

TEST_F(IdTranslationTest, EntriesOfReaddirplusHaveTheGuestsIds) {
  host_.uid = 100003;
  host_.gid = 200004;
  std::string bytes(1024, '?');
  memory::SegmentList list;
  ASSERT_TRUE(list.Add(std::as_writable_bytes(std::span(bytes))));
  memory::SegmentCursor cursor(list);
  fuse::DirentWriter plus(cursor, 1024, true);
  ASSERT_TRUE(fs_.ReadDir(context_, kRootNode, {}, 0, plus).ok());
  abi::fuse_entry_out entry;
  std::memcpy(&entry, bytes.data(), sizeof entry);
  EXPECT_EQ(IdsOf(entry.attr), Ids(3, 4));
  std::memcpy(&entry, bytes.data() + sizeof entry + 32, sizeof entry);
  EXPECT_EQ(entry.nodeid, 0u);
  EXPECT_EQ(IdsOf(entry.attr), Ids(0, 0)) << "a name alone has no attributes";
}

TEST_F(IdTranslationTest, WhatIsMadeBelongsToTheHostsUser) {
  As(5, 6);
  const Ids host = {100005, 200006};
  ASSERT_TRUE(fs_.MkNod(context_, kRootNode, new_, {}, 0).ok());
  EXPECT_EQ(Caller(), host);
  As(600, 6);
  ASSERT_TRUE(fs_.MkDir(context_, kRootNode, new_, {}).ok());
  EXPECT_EQ(Caller(), Ids(7, 200006));
  As(601, 900);
  ASSERT_TRUE(fs_.Symlink(context_, kRootNode, new_, "x", {}).ok());
  EXPECT_EQ(Caller(), Ids(7, 900));
  As(5, 6);
  ASSERT_TRUE(fs_.Create(context_, kRootNode, new_, {}, {}).ok());
  EXPECT_EQ(Caller(), host);
  ASSERT_TRUE(fs_.TmpFile(context_, kRootNode, {}, {}).ok());
  EXPECT_EQ(Caller(), host);
}

TEST_F(IdTranslationTest, TheGroupThatADirectoryGivesIsTranslated) {
  ASSERT_TRUE(fs_.MkDir(context_, kRootNode, new_, {.supplementary_group = GuestGid{9}}).ok());
  EXPECT_EQ(host_.group, GuestGid{200009});
  EXPECT_EQ(fs_.MkDir(context_, kRootNode, new_, {.supplementary_group = GuestGid{500}}).error(),
            Errno(EPERM));
}

TEST_F(IdTranslationTest, AUserWhoBecomesTheHostsRootKeepsNoSetGroupIdBitOfAForeignGroup) {
  const auto mode_for = [&](uint32_t uid, std::optional<GuestGid> group) {
    As(uid, 0);
    const fuse::NewObject object = {.mode = 02755, .umask = 0, .supplementary_group = group};
    EXPECT_TRUE(fs_.Create(context_, kRootNode, new_, object, {}).ok());
    return host_.new_mode;
  };
  EXPECT_EQ(mode_for(1000, {}), 0755u);
  EXPECT_EQ(mode_for(1000, GuestGid{9}), 02755u);
  EXPECT_EQ(mode_for(5, {}), 02755u) << "the host's rules decide";
}

TEST_F(IdTranslationTest, ForbiddenUsersMakeNothing) {
  for (const auto& [uid, gid] : {Ids(500, 0), Ids(0, 509)}) {
    As(uid, gid);
    EXPECT_EQ(fs_.MkNod(context_, kRootNode, new_, {}, 0).error(), Errno(EPERM));
    EXPECT_EQ(fs_.MkDir(context_, kRootNode, new_, {}).error(), Errno(EPERM));
    EXPECT_EQ(fs_.Symlink(context_, kRootNode, new_, "x", {}).error(), Errno(EPERM));
    EXPECT_EQ(fs_.Create(context_, kRootNode, new_, {}, {}).error(), Errno(EPERM));
    EXPECT_EQ(fs_.TmpFile(context_, kRootNode, {}, {}).error(), Errno(EPERM));
  }
  EXPECT_TRUE(host_.calls.empty());
  EXPECT_TRUE(fs_.Lookup(context_, kRootNode, file_).ok());
  EXPECT_TRUE(fs_.Open(context_, OneFile::kFile, {O_RDONLY, 0}).ok());
}

TEST_F(IdTranslationTest, AChangeOfOwnerIsTranslatedAndNothingElseOfIt) {
  const auto changed =
      fs_.SetAttr(context_, OneFile::kFile, {.valid = abi::FATTR_UID, .uid = 3, .gid = 500});
  EXPECT_EQ(host_.uid, 100003u);
  EXPECT_EQ(changed->attr.uid, 3u);
  ASSERT_TRUE(fs_.SetAttr(context_, OneFile::kFile, {.valid = abi::FATTR_GID, .gid = 4}).ok());
  EXPECT_EQ(host_.gid, 200004u);
  host_.calls.clear();
  for (const uint32_t valid : {abi::FATTR_UID, abi::FATTR_GID}) {
    EXPECT_EQ(
        fs_.SetAttr(context_, OneFile::kFile, {.valid = valid, .uid = 505, .gid = 505}).error(),
        Errno(EPERM));
  }
  EXPECT_TRUE(host_.calls.empty());
}

TEST_F(IdTranslationTest, WhoOnlyUsesAFileStaysTheGuestsUser) {
  As(1000, 0);
  ASSERT_TRUE(fs_.Open(context_, OneFile::kFile, {O_WRONLY | O_TRUNC, 0}).ok());
  EXPECT_EQ(Caller(), Ids(1000, 0)) << "not the host's root, for whom set-id bits would stay";
  context_.caller = {GuestUid{UINT32_MAX}, GuestGid{UINT32_MAX}};
  ASSERT_TRUE(fs_.SetAttr(context_, OneFile::kFile, {}).ok());
  EXPECT_EQ(Caller(), Ids(UINT32_MAX, UINT32_MAX));
}

TEST_F(IdTranslationTest, CreateLeavesItToTheGuestWhoMayOpenWhatExists) {
  EXPECT_EQ(fs_.Create(context_, kRootNode, file_, {}, {O_RDWR, 0}).error(), Errno(ESTALE));
  EXPECT_EQ(fs_.Create(context_, kRootNode, file_, {}, {O_RDWR | O_EXCL, 0}).error(),
            Errno(EEXIST));
  EXPECT_TRUE(fs_.Create(context_, kRootNode, new_, {}, {O_RDWR, 0}).ok());
}

TEST_F(IdTranslationTest, AccessIsDecidedByTheGuestsIds) {
  host_.mode = S_IFREG | 0640;
  host_.uid = 100005;
  host_.gid = 200006;
  const auto access = [&](uint32_t uid, uint32_t gid, uint32_t mask) {
    As(uid, gid);
    const Status answer = fs_.Access(context_, OneFile::kFile, mask);
    return answer ? 0 : answer.error().value();
  };
  EXPECT_EQ(access(5, 50, R_OK | W_OK), 0);
  EXPECT_EQ(access(50, 6, R_OK), 0);
  EXPECT_EQ(access(50, 6, W_OK), EACCES);
  EXPECT_EQ(access(0, 50, R_OK | W_OK), 0);
  EXPECT_EQ(access(1000, 50, R_OK), EACCES) << "the host's root, but nobody in the guest";
  EXPECT_EQ(access(0, 0, 0x100), EINVAL);
}

TEST_F(IdTranslationTest, AccessListsAreTranslatedInBothDirections) {
  const std::string guest = AclOf(3);
  const auto size = static_cast<uint32_t>(guest.size());
  ASSERT_TRUE(fs_.SetXattr(context_, OneFile::kFile, kAcl, BytesOf(guest), {.size = size}).ok());
  EXPECT_EQ(host_.attributes[kAcl], AclOf(100003));
  std::string read(100, '?');
  const auto length =
      fs_.GetXattr(context_, OneFile::kFile, kAcl, std::as_writable_bytes(std::span(read)));
  ASSERT_TRUE(length.ok());
  EXPECT_EQ(read.substr(0, *length), guest);
  EXPECT_EQ(*fs_.GetXattr(context_, OneFile::kFile, kAcl, {}), guest.size());
}

TEST_F(IdTranslationTest, AListOfAForbiddenUserIsNotSet) {
  const std::string forbidden = AclOf(500);
  EXPECT_EQ(fs_.SetXattr(context_, OneFile::kFile, kAcl, BytesOf(forbidden), {}).error(),
            Errno(EPERM));
  EXPECT_TRUE(host_.calls.empty());
}

TEST_F(IdTranslationTest, OtherValuesAreNotTouched) {
  const std::string value = AclOf(3);
  const auto size = static_cast<uint32_t>(value.size());
  ASSERT_TRUE(
      fs_.SetXattr(context_, OneFile::kFile, "user.acl", BytesOf(value), {.size = size}).ok());
  EXPECT_EQ(host_.attributes["user.acl"], value);
}

TEST_F(IdTranslationTest, ListsAmongTheLabelsOfSomethingNewAreTranslated) {
  const std::string access = AclOf(3);
  const std::string other = AclOf(4);
  const fuse::SecurityLabel labels[] = {{"security.selinux", BytesOf(access)},
                                        {"system.posix_acl_default", BytesOf(access)},
                                        {kAcl, BytesOf(other)}};
  ASSERT_TRUE(fs_.MkDir(context_, kRootNode, new_, {.labels = labels}).ok());
  ASSERT_EQ(host_.labels.size(), 3u);
  EXPECT_EQ(host_.labels[0].second, access);
  EXPECT_EQ(host_.labels[1].second, AclOf(100003));
  EXPECT_EQ(host_.labels[2].second, AclOf(100004));
  const std::string forbidden = AclOf(500);
  const fuse::SecurityLabel refused[] = {{kAcl, BytesOf(forbidden)}};
  EXPECT_EQ(fs_.MkDir(context_, kRootNode, new_, {.labels = refused}).error(), Errno(EPERM));
}

}  // namespace
}  // namespace vfsd::fs
