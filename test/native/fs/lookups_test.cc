// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "host_calls.h"
#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;

/** What a lookup costs the host: the order of its calls depends on what the last ones have met. */
class Lookups : public testing::ServedDirectory {
 protected:
  Lookups() {
    for (int i = 0; i < 8; ++i) {
      EXPECT_GE(UniqueFd(open(PathOf(FileName(i)).c_str(), O_CREAT | O_CLOEXEC, 0600)).get(), 0);
    }
  }

  static std::string FileName(int i) { return "file" + std::to_string(i); }

  NodeId LookUp(int i) {
    testing::host_calls = {};
    const auto entry = fs_->Lookup(context_, kRootNode, NameOf(FileName(i)));
    EXPECT_TRUE(entry.ok());
    return entry.ok() ? NodeId{entry->nodeid} : NodeId{};
  }

  static void ExpectCalls(int statx, int openat) {
    EXPECT_EQ(testing::host_calls.statx, statx);
    EXPECT_EQ(testing::host_calls.openat, openat);
  }
};

TEST_F(Lookups, UnknownInodesCostTwoCallsOnceTheyAreExpected) {
  for (int i = 0; i < 2; ++i) {
    LookUp(i);
    ExpectCalls(2, 1);
  }
  for (int i = 2; i < 5; ++i) {
    LookUp(i);
    ExpectCalls(1, 1);
  }
}

TEST_F(Lookups, KnownInodesCostOneCallButForTheFirstThatWasNotExpected) {
  const NodeId first = LookUp(0);
  LookUp(1);
  EXPECT_EQ(LookUp(0), first);
  ExpectCalls(1, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(LookUp(0), first);
    ExpectCalls(1, 0);
  }
}

TEST_F(Lookups, AKnownInodeIsFoundAlthoughAnUnknownOneIsExpectedAndNothingCanBeOpened) {
  const NodeId forgotten = LookUp(0);
  const NodeId known = LookUp(1);
  fs_->Forget(forgotten, 1);
  int next = 2;
  for (const int error : {EMFILE, ENFILE, ENOMEM}) {
    fs_->Forget(LookUp(next), 1);
    fs_->Forget(LookUp(next + 1), 1);
    next += 2;
    testing::host_calls = {.openat_error = error};
    const auto found = fs_->Lookup(context_, kRootNode, NameOf(FileName(1)));
    const auto unknown = fs_->Lookup(context_, kRootNode, NameOf(FileName(0)));
    testing::host_calls = {};
    ASSERT_TRUE(found.ok()) << error;
    EXPECT_EQ(NodeId{found->nodeid}, known);
    EXPECT_EQ(unknown.error(), Errno(error));
  }
}

TEST_F(Lookups, WhatIsMissingCostsOneCall) {
  for (int i = 0; i < 3; ++i) {
    testing::host_calls = {};
    EXPECT_EQ(fs_->Lookup(context_, kRootNode, NameOf("missing")).error(), Errno(ENOENT));
    EXPECT_EQ(testing::host_calls.statx + testing::host_calls.openat, 1);
    LookUp(i);
  }
}

TEST_F(Lookups, WhatHasJustBeenMadeIsUnknown) {
  testing::host_calls = {};
  EXPECT_TRUE(fs_->MkDir(context_, kRootNode, NameOf("made"), {.mode = 0755}).ok());
  ExpectCalls(1, 1);
}

TEST_F(Lookups, ALookupThatWasNotExpectedToFindAKnownInodeIsCountedAndKeepsNoDescriptor) {
  // Three are known at a time: what kept a descriptor would soon have used up the rest.
  Serve({.guest_fd_limit = 6});
  const NodeId first = LookUp(0);
  for (int i = 1; i < 40; ++i) {
    // Another one that is unknown each time, so that the next is expected to be.
    const NodeId other = LookUp(1);
    LookUp(2);
    EXPECT_EQ(LookUp(0), first);
    fs_->Forget(other, 1);
    fs_->Forget(LookUp(2), 2);
  }
  EXPECT_TRUE(fs_->GetAttr(context_, first).ok());
  fs_->Forget(first, 39);
  EXPECT_TRUE(fs_->GetAttr(context_, first).ok());
  fs_->Forget(first, 1);
  EXPECT_EQ(fs_->GetAttr(context_, first).error(), Errno(ESTALE));
}

TEST_F(Lookups, AKnownInodeIsFoundWithTheLastDescriptorInUse) {
  Serve({.guest_fd_limit = 3});
  const NodeId last = (LookUp(0), LookUp(1), LookUp(2));
  EXPECT_EQ(LookUp(2), last);
  EXPECT_EQ(fs_->Lookup(context_, kRootNode, NameOf(FileName(3))).error(), Errno(EMFILE));
  EXPECT_EQ(LookUp(2), last);
}

}  // namespace
}  // namespace vfsd::fs::passthrough
