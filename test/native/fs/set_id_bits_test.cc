// SPDX-License-Identifier: Apache-2.0
#include <linux/falloc.h>

#include <functional>

#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;

constexpr uint32_t kUser = 1000;
/** What a request says of its user when the guest's mount maps ids. */
constexpr uint32_t kUnknown = UINT32_MAX;

/** Every request that changes a file, with all that decides about its set-id bits. */
class SetIdBitsTest : public testing::ServedDirectory {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root has the capability that keeps the bits";
    }
    const auto made = fs_->Create(context_, kRootNode, NameOf("file"), {.mode = 0644}, {O_RDWR, 0});
    ASSERT_TRUE(made.ok());
    node_ = NodeId{made->entry.nodeid};
    handle_ = made->open.fh;
  }

  /** The file's mode after it had every bit and somebody did something to it. */
  uint32_t ModeAfter(uint32_t uid, bool killpriv_v2, const std::function<bool()>& change) {
    // What the last request has decided must not decide what this thread does itself.
    EXPECT_TRUE(identity::KeepSetIdBits(identity::ProcessIdentity::OfCallingThread(), true).ok());
    EXPECT_EQ(truncate(PathOf("file").c_str(), 1 << 20), 0);
    EXPECT_EQ(chmod(PathOf("file").c_str(), 06777), 0);
    Be(uid, uid);
    context_.negotiated = killpriv_v2 ? abi::FUSE_HANDLE_KILLPRIV_V2 : 0;
    EXPECT_TRUE(change());
    return ModeOf("file");
  }

  bool Write(uint32_t flags) { return WriteTo(node_, handle_, flags); }

  bool WriteTo(NodeId node, uint64_t handle, uint32_t flags) {
    std::string data = "data";
    memory::SegmentList list;
    EXPECT_TRUE(list.Add(std::as_writable_bytes(std::span(data))));
    memory::SegmentCursor from(list);
    return fs_->Write(context_, node, {.fh = handle, .size = 4, .write_flags = flags}, from).ok();
  }

  bool Truncate(uint32_t flags) {
    return fs_->SetAttr(context_, node_, {.valid = abi::FATTR_SIZE | flags, .size = 2}).ok();
  }

  bool OpenTruncating(uint32_t flags) {
    return fs_->Open(context_, node_, {O_WRONLY | O_TRUNC, flags}).ok();
  }

  bool Fallocate(uint32_t mode) {
    return fs_->Fallocate(context_, node_, {.fh = handle_, .length = 1 << 16, .mode = mode}).ok();
  }

  NodeId node_{};
  uint64_t handle_ = 0;
};

constexpr uint32_t kAll = 06777;
constexpr uint32_t kCleared = 0777;

TEST_F(SetIdBitsTest, AWriteClearsThemWhenItSaysSo) {
  for (const uint32_t uid : {0u, kUser, kUnknown}) {
    for (const bool v2 : {false, true}) {
      EXPECT_EQ(ModeAfter(uid, v2, [&] { return Write(0); }), kAll) << uid;
      EXPECT_EQ(ModeAfter(uid, v2, [&] { return Write(abi::FUSE_WRITE_KILL_SUIDGID); }), kCleared)
          << uid;
    }
  }
}

TEST_F(SetIdBitsTest, AMemberOfTheGroupKeepsABitThatIsNoneOfAProgram) {
  const auto mode_after = [this](const std::function<bool()>& change) {
    EXPECT_TRUE(identity::KeepSetIdBits(identity::ProcessIdentity::OfCallingThread(), true).ok());
    EXPECT_EQ(chown(PathOf("file").c_str(), kUser, kUser), 0);
    EXPECT_EQ(chmod(PathOf("file").c_str(), 06744), 0);
    Be(kUser, kUser);
    context_.negotiated = abi::FUSE_HANDLE_KILLPRIV_V2;
    EXPECT_TRUE(change());
    return ModeOf("file");
  };
  constexpr uint32_t kSetGroupId = 02744;
  EXPECT_EQ(mode_after([&] { return Write(abi::FUSE_WRITE_KILL_SUIDGID); }), kSetGroupId);
  EXPECT_EQ(mode_after([&] { return Truncate(abi::FATTR_KILL_SUIDGID); }), kSetGroupId);
  EXPECT_EQ(mode_after([&] { return OpenTruncating(abi::FUSE_OPEN_KILL_SUIDGID); }), kSetGroupId);
  EXPECT_EQ(mode_after([&] { return Fallocate(FALLOC_FL_KEEP_SIZE); }), kSetGroupId);
}

TEST_F(SetIdBitsTest, TheGuestMayNotBelieveInBitsThatAreClearedHere) {
  const auto validity = [this](uint32_t mode, uint64_t negotiated) {
    EXPECT_EQ(chmod(PathOf("file").c_str(), mode), 0);
    context_.negotiated = negotiated;
    const auto attributes = fs_->GetAttr(context_, node_);
    EXPECT_TRUE(attributes.ok());
    return attributes->attr_valid;
  };
  for (const uint32_t mode : {04755u, 02755u}) {
    EXPECT_EQ(validity(mode, abi::FUSE_HANDLE_KILLPRIV_V2), 0u);
    EXPECT_GT(validity(mode, 0), 0u);
  }
  EXPECT_GT(validity(0755, abi::FUSE_HANDLE_KILLPRIV_V2), 0u);
}

TEST_F(SetIdBitsTest, ATruncationClearsThemWhenItSaysSo) {
  for (const uint32_t uid : {0u, kUser, kUnknown}) {
    EXPECT_EQ(ModeAfter(uid, true, [&] { return Truncate(0); }), kAll);
    EXPECT_EQ(ModeAfter(uid, true, [&] { return Truncate(abi::FATTR_KILL_SUIDGID); }), kCleared);
    // Linux sends the mode itself then.
    EXPECT_EQ(ModeAfter(uid, false, [&] { return Truncate(0); }), kAll);
  }
}

TEST_F(SetIdBitsTest, ATruncatingOpenClearsThemForAllButRoot) {
  EXPECT_EQ(ModeAfter(0, false, [&] { return OpenTruncating(0); }), kAll);
  EXPECT_EQ(ModeAfter(kUser, false, [&] { return OpenTruncating(0); }), kCleared);
  EXPECT_EQ(ModeAfter(kUnknown, false, [&] { return OpenTruncating(0); }), kCleared);
  const uint32_t kill = abi::FUSE_OPEN_KILL_SUIDGID;
  for (const uint32_t uid : {0u, kUser, kUnknown}) {
    EXPECT_EQ(ModeAfter(uid, true, [&] { return OpenTruncating(0); }), kAll);
    EXPECT_EQ(ModeAfter(uid, true, [&] { return OpenTruncating(kill); }), kCleared);
  }
}

TEST_F(SetIdBitsTest, AllocatingPunchingAndZeroingClearThemForAllButRoot) {
  for (const uint32_t mode :
       {uint32_t{0}, uint32_t{FALLOC_FL_KEEP_SIZE}, uint32_t{FALLOC_FL_ZERO_RANGE},
        uint32_t{FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE}}) {
    for (const bool v2 : {false, true}) {
      EXPECT_EQ(ModeAfter(0, v2, [&] { return Fallocate(mode); }), kAll) << mode;
      EXPECT_EQ(ModeAfter(kUser, v2, [&] { return Fallocate(mode); }), kCleared) << mode;
      // Without the agreement the guest's kernel does it.
      EXPECT_EQ(ModeAfter(kUnknown, v2, [&] { return Fallocate(mode); }), v2 ? kCleared : kAll);
    }
  }
}

TEST_F(SetIdBitsTest, ACopyClearsThemForAllButRoot) {
  const auto source =
      fs_->Create(context_, kRootNode, NameOf("source"), {.mode = 0644}, {O_RDWR, 0});
  ASSERT_TRUE(source.ok());
  ASSERT_EQ(truncate(PathOf("source").c_str(), 100), 0);
  const auto copy = [&] {
    return fs_
        ->CopyFileRange(context_, NodeId{source->entry.nodeid},
                        {.fh_in = source->open.fh,
                         .nodeid_out = static_cast<uint64_t>(node_),
                         .fh_out = handle_,
                         .len = 50})
        .ok();
  };
  for (const bool v2 : {false, true}) {
    EXPECT_EQ(ModeAfter(0, v2, copy), kAll);
    EXPECT_EQ(ModeAfter(kUser, v2, copy), kCleared);
    EXPECT_EQ(ModeAfter(kUnknown, v2, copy), v2 ? kCleared : kAll);
  }
}

TEST_F(SetIdBitsTest, AChangeOfOwnerClearsThemForEverybody) {
  const auto give = [&](uint32_t valid) {
    return fs_->SetAttr(context_, node_, {.valid = valid, .uid = 77, .gid = 88}).ok();
  };
  for (const uint32_t uid : {0u, kUser}) {
    EXPECT_EQ(ModeAfter(uid, true, [&] { return give(abi::FATTR_UID); }), kCleared);
    EXPECT_EQ(ModeAfter(uid, true, [&] { return give(abi::FATTR_GID); }), kCleared);
  }
}

TEST_F(SetIdBitsTest, AChangeOfOwnerDoesNotDependOnWhatItsThreadDidBefore) {
  const auto other = fs_->Create(context_, kRootNode, NameOf("other"), {.mode = 0644}, {O_RDWR, 0});
  ASSERT_TRUE(other.ok());
  // Of a group that is nobody's here, and that may not execute it.
  constexpr uint32_t kMode = 02640;
  for (const uint32_t before : {0u, abi::FUSE_WRITE_KILL_SUIDGID}) {
    const auto give = [&] {
      EXPECT_EQ(chown(PathOf("file").c_str(), 0, 5000), 0);
      EXPECT_EQ(chmod(PathOf("file").c_str(), kMode), 0);
      EXPECT_EQ(ModeOf("file"), kMode);
      EXPECT_TRUE(WriteTo(NodeId{other->entry.nodeid}, other->open.fh, before));
      const uint32_t valid = abi::FATTR_UID | abi::FATTR_KILL_SUIDGID;
      return fs_->SetAttr(context_, node_, {.valid = valid, .uid = 77}).ok();
    };
    EXPECT_EQ(ModeAfter(kUser, true, give), 0640u) << before;
    EXPECT_EQ(ModeAfter(0, true, give), kMode) << before;
  }
}

TEST_F(SetIdBitsTest, AModeIsSetAsTheGuestsKernelHasDecided) {
  for (const uint32_t uid : {0u, kUser, kUnknown}) {
    const auto set = [&] {
      return Write(abi::FUSE_WRITE_KILL_SUIDGID) &&
             fs_->SetAttr(context_, node_, {.valid = abi::FATTR_MODE, .mode = 06755}).ok();
    };
    EXPECT_EQ(ModeAfter(uid, true, set), 06755u);
  }
}

TEST_F(SetIdBitsTest, AListClearsTheGroupsBitWhenItSaysSo) {
  Options options;
  options.xattr = true;
  Serve(options);
  node_ = NodeId{fs_->Lookup(context_, kRootNode, NameOf("file"))->nodeid};
  struct Entry {
    uint16_t tag;
    uint16_t permissions;
    uint32_t id = UINT32_MAX;
  };
  const struct {
    uint32_t version = 2;
    Entry entries[3] = {{1, 7}, {4, 5}, {32, 5}};
  } list;
  const auto set = [&](uint32_t flags) {
    context_.negotiated = abi::FUSE_POSIX_ACL;
    return fs_
        ->SetXattr(context_, node_, "system.posix_acl_access", std::as_bytes(std::span(&list, 1)),
                   {.size = sizeof list, .setxattr_flags = flags})
        .ok();
  };
  for (const uint32_t gid : {0u, 5000u}) {
    ASSERT_EQ(chown(PathOf("file").c_str(), 0, gid), 0);
    EXPECT_EQ(ModeAfter(kUser, true, [&] { return set(0); }), 06755u) << gid;
    EXPECT_EQ(ModeAfter(kUser, true, [&] { return set(abi::FUSE_SETXATTR_ACL_KILL_SGID); }), 04755u)
        << gid;
  }
  context_.negotiated = 0;
  EXPECT_EQ(fs_->SetXattr(context_, node_, "system.posix_acl_access", {}, {}).error(),
            Errno(EOPNOTSUPP));
}

}  // namespace
}  // namespace vfsd::fs::passthrough
