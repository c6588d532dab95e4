// SPDX-License-Identifier: Apache-2.0
#include "fs/xattr_map.h"

#include <fcntl.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "one_file.h"

namespace vfsd::fs {
namespace {

using namespace std::string_literals;
using fuse::kRootNode;
using fuse::Name;
using testing::OneFile;
using Calls = std::vector<std::string>;
using Type = XattrRule::Type;

constexpr const char* kAcl = "system.posix_acl_access";
constexpr const char* kCapability = "user.virtiofs.security.capability";

/** What `:map::user.virtiofs.:` stands for. */
const std::vector<XattrRule> kMapAll = {{Type::kPrefix, true, true, "", "user.virtiofs."},
                                        {Type::kBad, true, true, "", ""}};
/** What `:map:trusted.:user.virtiofs.:` stands for. */
const std::vector<XattrRule> kMapTrusted = {
    {Type::kPrefix, true, true, "trusted.", "user.virtiofs."},
    {Type::kBad, false, true, "", "trusted."},
    {Type::kBad, true, false, "user.virtiofs.", ""},
    {Type::kOk, true, true, "", ""}};

class XattrMapTest : public ::testing::Test {
 protected:
  XattrMapTest() { Use(kMapAll); }

  void Use(const std::vector<XattrRule>& rules) {
    fs_ = std::make_unique<XattrMap>(host_, XattrRules(rules));
  }

  int Set(const char* name, const std::string& value = "value") {
    const abi::fuse_setxattr_in in = {.size = static_cast<uint32_t>(value.size())};
    const Status set =
        fs_->SetXattr(context_, OneFile::kFile, name, std::as_bytes(std::span(value)), in);
    return set ? 0 : set.error().value();
  }
  /** The value, or the error's number. */
  std::string Get(const char* name) {
    std::string value(100, '?');
    const auto length =
        fs_->GetXattr(context_, OneFile::kFile, name, std::as_writable_bytes(std::span(value)));
    return length ? value.substr(0, *length) : std::to_string(length.error().value());
  }
  int Remove(const char* name) {
    const Status removed = fs_->RemoveXattr(context_, OneFile::kFile, name);
    return removed ? 0 : removed.error().value();
  }
  /** What LISTXATTR answers to a guest that leaves exactly as much room as it was told. */
  std::string List() {
    const auto length = fs_->ListXattr(context_, OneFile::kFile, {});
    EXPECT_TRUE(length.ok());
    std::string names(*length, '?');
    const auto listed =
        fs_->ListXattr(context_, OneFile::kFile, std::as_writable_bytes(std::span(names)));
    EXPECT_TRUE(listed.ok());
    EXPECT_EQ(*listed, *length);
    return names;
  }

  Result<size_t> Write() {
    memory::SegmentCursor none;
    return fs_->Write(context_, OneFile::kFile, {}, none);
  }

  testing::AwakeAlways sleep_;
  fuse::RequestContext context_{{}, abi::FUSE_POSIX_ACL, sleep_};
  OneFile host_;
  std::unique_ptr<XattrMap> fs_;
  const Name file_ = *Name::Check("file");
  const Name new_ = *Name::Check("new");
};

TEST_F(XattrMapTest, AttributesHaveAnotherNameOnTheHost) {
  EXPECT_EQ(Set("trusted.x"), 0);
  EXPECT_EQ(host_.attributes.begin()->first, "user.virtiofs.trusted.x");
  EXPECT_EQ(Get("trusted.x"), "value");
  EXPECT_EQ(*fs_->GetXattr(context_, OneFile::kFile, "trusted.x", {}), 5u);
  EXPECT_EQ(Remove("trusted.x"), 0);
  EXPECT_TRUE(host_.attributes.empty());
}

TEST_F(XattrMapTest, WhatARuleRefusesNeverReachesTheHost) {
  Use({{Type::kBad, true, true, "trusted.", "trusted."},
       {Type::kUnsupported, true, true, "security.", "security."},
       {Type::kOk, true, true, "", ""}});
  for (const auto& [name, error] : {std::pair("trusted.x", EPERM), {"security.x", EOPNOTSUPP}}) {
    EXPECT_EQ(Set(name), error);
    EXPECT_EQ(Remove(name), error);
  }
  // What is bad is hidden from one who asks for it: EPERM would keep Linux from running a program.
  EXPECT_EQ(Get("trusted.x"), std::to_string(ENODATA));
  EXPECT_EQ(Get("security.x"), std::to_string(EOPNOTSUPP));
  EXPECT_TRUE(host_.calls.empty());
}

TEST_F(XattrMapTest, AMapOfSomeNamesHasNoWayAroundIt) {
  Use(kMapTrusted);
  EXPECT_EQ(Set("user.virtiofs.trusted.x"), EPERM);
  EXPECT_EQ(Set("trusted.x"), 0);
  EXPECT_EQ(Set("user.y"), 0);
  host_.attributes["trusted.host"] = "";
  EXPECT_EQ(List(), "trusted.x\0user.y\0"s);
}

TEST_F(XattrMapTest, AListHasExactlyTheNamesThatAreLeft) {
  host_.attributes = {{"security.selinux", ""},
                      {"user.hidden", ""},
                      {"user.virtiofs.", ""},
                      {"user.virtiofs.trusted.x", ""},
                      {"user.virtiofs.user.y", ""}};
  EXPECT_EQ(List(), "trusted.x\0user.y\0"s);
  std::byte small[10];
  EXPECT_EQ(fs_->ListXattr(context_, OneFile::kFile, small).error(), Errno(ERANGE));
  host_.attributes = {{"user.hidden", ""}};
  EXPECT_EQ(List(), "");
}

TEST_F(XattrMapTest, TheLongestListIsMapped) {
  for (int i = 0; i < 1000; ++i) {
    host_.attributes["user.virtiofs." + std::string(40, 'n') + std::to_string(1000 + i)] = "";
  }
  EXPECT_EQ(List().size(), 45000u);
}

TEST_F(XattrMapTest, LabelsOfSomethingNewAreMappedBeforeItIsMade) {
  const std::byte value[] = {std::byte{'v'}};
  const fuse::SecurityLabel labels[] = {{"security.selinux", value}, {"security.smack", value}};
  const fuse::NewObject object = {.labels = labels};
  const std::vector<std::pair<std::string, std::string>> mapped = {
      {"user.virtiofs.security.selinux", "v"}, {"user.virtiofs.security.smack", "v"}};
  const auto make_all = [&] {
    std::vector<Errno> errors;
    const auto check = [&](const auto& made) {
      if (made) {
        EXPECT_EQ(host_.labels, mapped);
      } else {
        errors.push_back(made.error());
      }
    };
    check(fs_->MkNod(context_, kRootNode, new_, object, 0));
    check(fs_->MkDir(context_, kRootNode, new_, object));
    check(fs_->Symlink(context_, kRootNode, new_, "x", object));
    check(fs_->Create(context_, kRootNode, new_, object, {}));
    check(fs_->TmpFile(context_, kRootNode, object, {}));
    return errors;
  };
  EXPECT_TRUE(make_all().empty());
  host_.calls.clear();
  Use({{Type::kOk, true, true, "security.selinux", ""}, {Type::kBad, true, true, "", ""}});
  EXPECT_EQ(make_all(), std::vector<Errno>(5, Errno(EPERM)));
  EXPECT_TRUE(host_.calls.empty());
}

TEST_F(XattrMapTest, AChangeOfContentsOrOwnerTakesTheMappedCapabilityFirst) {
  const std::string removed = "REMOVEXATTR "s + kCapability;
  const auto calls_of = [&](auto change) {
    host_.attributes[kCapability] = "all";
    host_.calls.clear();
    EXPECT_TRUE(change().ok());
    return host_.calls;
  };
  EXPECT_EQ(calls_of([&] { return Write(); }), (Calls{removed, "WRITE"}));
  EXPECT_EQ(calls_of([&] { return fs_->Fallocate(context_, OneFile::kFile, {}); }),
            (Calls{removed, "FALLOCATE"}));
  const abi::fuse_copy_file_range_in copy = {.nodeid_out = static_cast<uint64_t>(OneFile::kFile)};
  EXPECT_EQ(calls_of([&] { return fs_->CopyFileRange(context_, kRootNode, copy); }),
            (Calls{removed, "COPY_FILE_RANGE"}));
  for (const uint32_t valid : {abi::FATTR_SIZE, abi::FATTR_UID, abi::FATTR_GID}) {
    EXPECT_EQ(calls_of([&] { return fs_->SetAttr(context_, OneFile::kFile, {.valid = valid}); }),
              (Calls{removed, "SETATTR"}));
  }
  EXPECT_EQ(calls_of([&] {
              return fs_->Open(context_, OneFile::kFile, {O_WRONLY | O_TRUNC, 0});
            }),
            (Calls{removed, "OPEN"}));
  EXPECT_EQ(calls_of([&] {
              return fs_->Open(context_, OneFile::kFile, {O_RDWR, 0});
            }),
            (Calls{"OPEN"}));
  EXPECT_EQ(
      calls_of([&] { return fs_->SetAttr(context_, OneFile::kFile, {.valid = abi::FATTR_MODE}); }),
      (Calls{"SETATTR"}));
}

TEST_F(XattrMapTest, ACapabilityThatStaysIsAReasonNotToWrite) {
  host_.attributes[kCapability] = "all";
  host_.removal_error = Errno(EIO);
  EXPECT_EQ(Write().error(), Errno(EIO));
  EXPECT_TRUE(host_.calls.empty());
  for (const int harmless : {ENODATA, EOPNOTSUPP}) {
    host_.removal_error = Errno(harmless);
    EXPECT_TRUE(Write().ok());
  }
}

TEST_F(XattrMapTest, ACapabilityOfItsOwnNameIsTheKernelsBusiness) {
  Use(kMapTrusted);
  host_.attributes["security.capability"] = "all";
  EXPECT_TRUE(Write().ok());
  EXPECT_EQ(host_.calls, Calls{"WRITE"});
  // One that the guest cannot set, it cannot read either.
  Use({{Type::kBad, true, true, "", ""}});
  EXPECT_TRUE(Write().ok());
  EXPECT_EQ(host_.calls, (Calls{"WRITE", "WRITE"}));
}

TEST_F(XattrMapTest, ACapabilityIsNeverLeftOnContentsThatCameAfterIt) {
  std::atomic<bool> is_set = false;
  std::thread setter;
  host_.during_write = [&] {
    setter = std::thread([&] {
      EXPECT_EQ(Set("security.capability"), 0);
      is_set = true;
    });
    // The other thread is as far as it gets, or will be.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(is_set.load());
  };
  EXPECT_TRUE(Write().ok());
  setter.join();
  EXPECT_EQ(host_.calls, (Calls{"WRITE", "SETXATTR "s + kCapability}));
}

TEST_F(XattrMapTest, AnAccessListPassesUnderItsOwnNameOnly) {
  Use({{Type::kOk, true, true, "", ""}});
  EXPECT_EQ(Set(kAcl), 0);
  EXPECT_EQ(Get(kAcl), "value");
  EXPECT_EQ(List(), kAcl + "\0"s);
  Use(kMapAll);
  host_.attributes = {{"user.virtiofs."s + kAcl, "value"}};
  host_.calls.clear();
  EXPECT_EQ(Set(kAcl), EOPNOTSUPP);
  EXPECT_EQ(Remove(kAcl), EOPNOTSUPP);
  EXPECT_EQ(Get(kAcl), std::to_string(ENODATA));
  EXPECT_EQ(List(), "");
  EXPECT_TRUE(host_.calls.empty());
}

TEST_F(XattrMapTest, AGuestThatDoesNotKnowListsGetsNone) {
  context_.negotiated = 0;
  for (const auto& rules : {kMapAll, std::vector<XattrRule>{{Type::kOk, true, true, "", ""}}}) {
    Use(rules);
    host_.attributes = {{"user.virtiofs."s + kAcl, "value"}};
    EXPECT_EQ(Set(kAcl), EOPNOTSUPP);
    EXPECT_EQ(Get(kAcl), std::to_string(EOPNOTSUPP));
    EXPECT_EQ(Remove(kAcl), EOPNOTSUPP);
  }
  Use(kMapAll);
  EXPECT_EQ(List(), "");
}

TEST_F(XattrMapTest, AListThatARuleRefusesIsNotThere) {
  Use({{Type::kBad, true, true, "system.", "system."}, {Type::kOk, true, true, "", ""}});
  host_.attributes[kAcl] = "value";
  EXPECT_EQ(Set(kAcl), EPERM);
  EXPECT_EQ(Get(kAcl), std::to_string(ENODATA));
  EXPECT_EQ(List(), "");
}

TEST_F(XattrMapTest, NoOtherNameBecomesAList) {
  Use({{Type::kPrefix, true, true, "posix_acl_", "system."}, {Type::kOk, true, true, "", ""}});
  EXPECT_EQ(Set("posix_acl_access"), EPERM);
  EXPECT_TRUE(host_.calls.empty());
}

}  // namespace
}  // namespace vfsd::fs
