// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/inode_table.h"

#include <fcntl.h>

#include <thread>

#include "gtest/gtest.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::NodeId;

UniqueFd AnyFd() {
  return UniqueFd(open("/", O_PATH | O_CLOEXEC));
}

class InodeTableTest : public ::testing::Test {
 protected:
  InodeTableTest() { table_.AddRoot(Key(1), AnyFd(), mount_); }

  static InodeKey Key(uint64_t number, uint64_t mount = 1) { return {mount, 5, number}; }

  Result<NodeId> LookUp(const InodeKey& key) {
    FdBudget::Share share = budget_.Take();
    return share ? LookUp(table_, key, AnyFd(), std::move(share)) : Result<NodeId>(Errno(EMFILE));
  }

  Result<NodeId> LookUp(InodeTable& table, const InodeKey& key, UniqueFd fd = UniqueFd(),
                        FdBudget::Share share = {}) {
    KnownInode inode = {.key = key,
                        .fd = HotFd(std::move(fd)),
                        .type = S_IFREG,
                        .traits = {},
                        .mount = &mount_,
                        .share = std::move(share)};
    for (;;) {
      const auto added = table.Add(inode);
      if (!added) {
        return added.error();
      }
      if (*added) {
        return **added;
      }
      if (const auto known = LookUpKnown(table, key)) {
        return *known;
      }
    }
  }

  static std::optional<NodeId> LookUpKnown(InodeTable& table, const InodeKey& key) {
    return table.LookUpKnown(key).node;
  }
  std::optional<NodeId> LookUpKnown(const InodeKey& key) { return LookUpKnown(table_, key); }

  Mount mount_ = {.id = 1, .device = 5, .refusal = Errno(0)};
  FdBudget budget_{100};
  InodeTable table_;
};

TEST_F(InodeTableTest, TheRootIsNodeOneAndIsNeverForgotten) {
  table_.Forget(fuse::kRootNode, UINT64_MAX);
  EXPECT_TRUE(table_.Find(fuse::kRootNode));
  EXPECT_EQ(LookUpKnown(Key(1)), fuse::kRootNode);
  table_.ForgetAll();
  EXPECT_TRUE(table_.Find(fuse::kRootNode));
  EXPECT_EQ(LookUpKnown(Key(1)), fuse::kRootNode);
}

TEST_F(InodeTableTest, OneInodeHasOneNode) {
  const NodeId node = *LookUp(Key(2));
  EXPECT_EQ(*LookUp(Key(2)), node);
  EXPECT_EQ(LookUpKnown(Key(2)), node);
  EXPECT_FALSE(LookUpKnown(Key(3)));
}

TEST_F(InodeTableTest, WhatBecameKnownAfterAKeyWasAskedForIsNotWhatThatKeyMeant) {
  const NodeId older = *LookUp(Key(2));
  const uint64_t newest = table_.Newest();
  EXPECT_EQ(table_.LookUpKnown(Key(2), newest).node, older);
  const NodeId newer = *LookUp(Key(3));
  EXPECT_FALSE(table_.LookUpKnown(Key(3), newest).node);
  EXPECT_TRUE(table_.LookUpKnown(Key(3), table_.Newest()).node);
  table_.Forget(newer, 2);
  EXPECT_FALSE(table_.Find(newer)) << "what was not found got a lookup";
}

TEST_F(InodeTableTest, EqualNumbersOnDifferentMountsStayApart) {
  EXPECT_NE(*LookUp(Key(2, 1)), *LookUp(Key(2, 2)));
}

TEST_F(InodeTableTest, AnInodeIsKnownUntilItsLastLookupIsForgotten) {
  const NodeId node = *LookUp(Key(2));
  ASSERT_EQ(LookUpKnown(Key(2)), node);
  table_.Forget(node, 1);
  EXPECT_TRUE(table_.Find(node));
  table_.Forget(node, 1);
  EXPECT_FALSE(table_.Find(node));
  EXPECT_FALSE(LookUpKnown(Key(2)));
}

TEST_F(InodeTableTest, ForgettingMoreThanWasLookedUpIsHarmless) {
  const NodeId node = *LookUp(Key(2));
  table_.Forget(node, UINT64_MAX);
  table_.Forget(node, UINT64_MAX);
  table_.Forget(NodeId{12345}, 1);
  EXPECT_NE(*LookUp(Key(2)), node);
}

TEST_F(InodeTableTest, TheBudgetBoundsWhatTheGuestCanMakeTheDaemonHold) {
  for (uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(LookUp(Key(10 + i)).ok());
  }
  EXPECT_EQ(LookUp(Key(500)).error(), Errno(EMFILE));
  table_.Forget(*LookUpKnown(Key(10)), 2);
  EXPECT_TRUE(LookUp(Key(500)).ok());
  table_.ForgetAll();
  EXPECT_TRUE(LookUp(Key(10)).ok());
}

TEST_F(InodeTableTest, BucketsGrowWithoutLosingAnybody) {
  InodeTable table;
  for (uint64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(LookUp(table, Key(i)).ok());
  }
  for (uint64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(LookUpKnown(table, Key(i))) << i;
  }
}

TEST_F(InodeTableTest, ThreadsThatLookUpAndForgetTheSameInodesAgreeInTheEnd) {
  const auto work = [this] {
    for (int round = 0; round < 2000; ++round) {
      const auto node = LookUp(table_, Key(2 + round % 5));
      if (node) {
        table_.Forget(*node, 1);
      }
    }
  };
  {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back(work);
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  for (uint64_t number = 2; number < 7; ++number) {
    EXPECT_FALSE(LookUpKnown(Key(number)));
  }
}

TEST_F(InodeTableTest, AReplacedInodeIsFoundByItsNodeOnly) {
  const NodeId old = *LookUp(Key(2));
  table_.SetReplaced(table_.Find(old));
  EXPECT_FALSE(LookUpKnown(Key(2)));
  const NodeId fresh = *LookUp(Key(2));
  EXPECT_NE(fresh, old);
  EXPECT_TRUE(table_.Find(old));
  EXPECT_EQ(LookUpKnown(Key(2)), fresh);
  table_.Forget(old, 1);
  EXPECT_FALSE(table_.Find(old));
  EXPECT_EQ(LookUpKnown(Key(2)), fresh);
  table_.SetReplaced(table_.Find(fresh));
  table_.ForgetAll();
  EXPECT_FALSE(table_.Find(fresh));
}

TEST_F(InodeTableTest, WhatIsNotUsedBecomesColdFirst) {
  if (!HostFileHandle::Of(AnyFd().get(), "")) {
    GTEST_SKIP() << "no file handles here";
  }
  mount_.fd = AnyFd();
  std::vector<NodeId> nodes;
  for (uint64_t i = 0; i < 64; ++i) {
    nodes.push_back(*LookUp(Key(10 + i)));
  }
  for (size_t i = 0; i < nodes.size(); i += 2) {
    table_.Find(nodes[i]);
  }
  EXPECT_FALSE(table_.HasBeenCold());
  EXPECT_TRUE(table_.MakeSomeCold(SIZE_MAX));
  EXPECT_TRUE(table_.MakeSomeCold(SIZE_MAX));
  EXPECT_TRUE(table_.HasBeenCold());
  size_t cold = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const bool is_cold = table_.Find(nodes[i])->fd.get() < 0;
    cold += is_cold ? 1 : 0;
    EXPECT_FALSE(is_cold && i % 2 == 0) << i;
  }
  EXPECT_EQ(cold, 32u) << "16 of each call";
  EXPECT_GE(table_.Find(fuse::kRootNode)->fd.get(), 0);
  // The shares that they held are there again.
  for (uint64_t i = 0; i < 68; ++i) {
    EXPECT_TRUE(LookUp(Key(200 + i)).ok()) << i;
  }
  EXPECT_EQ(LookUp(Key(300)).error(), Errno(EMFILE));
}

}  // namespace
}  // namespace vfsd::fs::passthrough
