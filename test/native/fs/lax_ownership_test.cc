// SPDX-License-Identifier: Apache-2.0
#include "fs/lax_ownership.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

#include "../fuse/awake_always.h"
#include "gtest/gtest.h"

namespace vfsd::fs {
namespace {

using fuse::kRootNode;
using fuse::Name;
using fuse::RequestContext;
using identity::GuestUid;

/** A host that lets nobody but user 5 make anything, and changes no owner or mode. */
class Strict final : public fuse::FileSystem {
 public:
  Errno refusal{EPERM};
  std::vector<uint32_t> makers;
  std::vector<uint32_t> changes;

  Result<abi::fuse_entry_out> MkDir(RequestContext& context, fuse::NodeId, const Name&,
                                    const fuse::NewObject&) override {
    return Make(context);
  }
  Result<abi::fuse_entry_out> MkNod(RequestContext& context, fuse::NodeId, const Name&,
                                    const fuse::NewObject&, uint32_t) override {
    return Make(context);
  }
  Result<abi::fuse_entry_out> Symlink(RequestContext& context, fuse::NodeId, const Name&,
                                      const char*, const fuse::NewObject&) override {
    return Make(context);
  }
  Result<fuse::Created> Create(RequestContext& context, fuse::NodeId, const Name&,
                               const fuse::NewObject&, const abi::fuse_open_in&) override {
    return Open(context);
  }
  Result<fuse::Created> TmpFile(RequestContext& context, fuse::NodeId, const fuse::NewObject&,
                                const abi::fuse_open_in&) override {
    return Open(context);
  }
  Result<abi::fuse_attr_out> SetAttr(RequestContext&, fuse::NodeId,
                                     const abi::fuse_setattr_in& in) override {
    changes.push_back(in.valid);
    const bool strict = (in.valid & (abi::FATTR_UID | abi::FATTR_GID | abi::FATTR_MODE)) != 0;
    return strict ? refusal : Result(abi::fuse_attr_out{});
  }

 private:
  Result<abi::fuse_entry_out> Make(const RequestContext& context) {
    makers.push_back(static_cast<uint32_t>(context.caller.uid));
    return context.caller.uid == GuestUid{5} ? Result(abi::fuse_entry_out{.nodeid = 2}) : refusal;
  }
  Result<fuse::Created> Open(const RequestContext& context) {
    const auto made = Make(context);
    return made ? Result(fuse::Created{*made, {}}) : made.error();
  }
};

class LaxOwnershipTest : public ::testing::Test {
 protected:
  static identity::ProcessIdentity UserFive() {
    identity::ProcessIdentity user = identity::ProcessIdentity::OfCallingThread();
    user.uid = identity::HostUid{5};
    user.gid = identity::HostGid{5};
    return user;
  }

  testing::AwakeAlways sleep_;
  RequestContext context_{{GuestUid{1000}, identity::GuestGid{1000}}, 0, sleep_};
  Strict host_;
  LaxOwnership fs_{host_, UserFive()};
  const Name name_ = *Name::Check("name");
};

TEST_F(LaxOwnershipTest, WhatCannotBeTheCallersIsTheDaemons) {
  EXPECT_TRUE(fs_.MkDir(context_, kRootNode, name_, {}).ok());
  EXPECT_TRUE(fs_.MkNod(context_, kRootNode, name_, {.mode = S_IFREG}, 0).ok());
  EXPECT_TRUE(fs_.Symlink(context_, kRootNode, name_, "x", {}).ok());
  EXPECT_TRUE(fs_.Create(context_, kRootNode, name_, {}, {O_RDWR, 0}).ok());
  EXPECT_TRUE(fs_.TmpFile(context_, kRootNode, {}, {O_RDWR, 0}).ok());
  EXPECT_EQ(host_.makers, (std::vector<uint32_t>{1000, 5, 1000, 5, 1000, 5, 1000, 5, 1000, 5}));
}

TEST_F(LaxOwnershipTest, OtherErrorsOfMakingAreTheAnswer) {
  host_.refusal = Errno(ENOSPC);
  EXPECT_EQ(fs_.MkDir(context_, kRootNode, name_, {}).error(), Errno(ENOSPC));
  EXPECT_EQ(host_.makers, (std::vector<uint32_t>{1000}));
}

TEST_F(LaxOwnershipTest, ARefusedChangeOfOwnerOrModeIsSaidToBeDoneAndTheRestIs) {
  const abi::fuse_setattr_in in = {
      .valid = abi::FATTR_UID | abi::FATTR_GID | abi::FATTR_MODE | abi::FATTR_SIZE, .size = 3};
  EXPECT_TRUE(fs_.SetAttr(context_, kRootNode, in).ok());
  EXPECT_EQ(host_.changes, (std::vector<uint32_t>{abi::FATTR_UID | abi::FATTR_GID, abi::FATTR_MODE,
                                                  abi::FATTR_SIZE}));
}

TEST_F(LaxOwnershipTest, OtherErrorsOfAChangeAreTheAnswer) {
  host_.refusal = Errno(EROFS);
  EXPECT_EQ(fs_.SetAttr(context_, kRootNode, {.valid = abi::FATTR_MODE}).error(), Errno(EROFS));
}

}  // namespace
}  // namespace vfsd::fs
