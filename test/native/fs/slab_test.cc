// SPDX-License-Identifier: Apache-2.0
#include "fs/slab.h"

#include <atomic>
#include <memory>
#include <thread>

#include "gtest/gtest.h"

namespace vfsd::fs {
namespace {

using Shared = std::shared_ptr<int>;

TEST(Slab, TheFirstNumberIsOne) {
  Slab<Shared> slab;
  EXPECT_EQ(slab.Insert(std::make_shared<int>(5)), 1u);
  EXPECT_EQ(slab.Insert(std::make_shared<int>(6)), 2u);
  EXPECT_EQ(**slab.Find(1), 5);
}

TEST(Slab, NumbersThatWereNeverGivenFindNothing) {
  Slab<Shared> slab;
  for (const uint64_t id : {uint64_t{0}, uint64_t{1} << 32, uint64_t{1}}) {
    EXPECT_FALSE(slab.Find(id)) << id;
    EXPECT_FALSE(slab.FindIdle(id)) << id;
    EXPECT_FALSE(slab.Lists(id)) << id;
  }
  slab.Insert(std::make_shared<int>(5));
  for (const uint64_t id : {uint64_t{0}, uint64_t{2}, uint64_t{1} << 32 | 1, UINT64_MAX}) {
    EXPECT_FALSE(slab.Find(id)) << id;
  }
}

TEST(Slab, AnUnlistedNumberStaysVoidWhenItsSlotIsUsedAgain) {
  Slab<Shared> slab;
  const uint64_t old = *slab.Insert(std::make_shared<int>(5));
  EXPECT_TRUE(slab.Unlist(slab.Find(old)));
  const uint64_t fresh = *slab.Insert(std::make_shared<int>(6));
  EXPECT_NE(old, fresh);
  EXPECT_FALSE(slab.Find(old));
  EXPECT_EQ(**slab.Find(fresh), 6);
}

TEST(Slab, AnObjectLivesAsLongAsSomebodyWorksWithIt) {
  Slab<Shared> slab;
  auto object = std::make_shared<int>(5);
  const std::weak_ptr<int> watch = object;
  const uint64_t id = *slab.Insert(std::move(object));
  {
    const auto ref = slab.Find(id);
    EXPECT_TRUE(slab.Unlist(ref));
    EXPECT_FALSE(slab.Unlist(ref));
    EXPECT_FALSE(slab.Find(id));
    EXPECT_FALSE(watch.expired());
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Slab, ManyObjectsKeepTheirPlaces) {
  Slab<Shared> slab;
  std::vector<uint64_t> ids;
  for (int i = 0; i < 5000; ++i) {
    ids.push_back(*slab.Insert(std::make_shared<int>(i)));
  }
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(**slab.Find(ids[static_cast<size_t>(i)]), i);
  }
  slab.UnlistAll([](const Shared& object) { return *object % 2 == 0; });
  EXPECT_FALSE(slab.Find(ids[100]));
  EXPECT_TRUE(slab.Find(ids[101]));
}

TEST(Slab, WhatHasBeenFoundGetsASecondChanceBeforeItIsIdle) {
  Slab<Shared> slab;
  const uint64_t id = *slab.Insert(std::make_shared<int>(5));
  EXPECT_TRUE(slab.FindIdle(id)) << "nobody has found it yet";
  slab.Find(id);
  EXPECT_FALSE(slab.FindIdle(id));
  EXPECT_TRUE(slab.FindIdle(id));
  slab.Touch(id);
  EXPECT_FALSE(slab.FindIdle(id)) << "found without a reference";
  EXPECT_TRUE(slab.FindIdle(id));
  const auto held = slab.Find(id);
  EXPECT_FALSE(slab.FindIdle(id));
  EXPECT_FALSE(slab.FindIdle(id)) << "somebody works with it";
  EXPECT_FALSE(slab.FindIdle(99));
}

TEST(Slab, AnObjectIsChangedOnlyWhileNobodyElseHasOrHadIt) {
  Slab<Shared> slab;
  const uint64_t id = *slab.Insert(std::make_shared<int>(5));
  const auto set = [](Shared& object) { *object = 6; };
  {
    const auto idle = slab.FindIdle(id);
    slab.Find(id);
    EXPECT_FALSE(slab.ChangeAlone(idle, set)) << "found since";
  }
  slab.FindIdle(id);
  {
    const auto idle = slab.FindIdle(id);
    slab.Touch(id);
    EXPECT_FALSE(slab.ChangeAlone(idle, set)) << "found since, without a reference";
  }
  slab.FindIdle(id);
  {
    const auto idle = slab.FindIdle(id);
    const auto other = slab.Find(id);
    EXPECT_FALSE(slab.ChangeAlone(idle, set)) << "another reference";
  }
  slab.FindIdle(id);
  {
    const auto idle = slab.FindIdle(id);
    EXPECT_FALSE(slab.FindIdle(id)) << "not idle for two";
    EXPECT_TRUE(slab.ChangeAlone(idle, set));
  }
  EXPECT_EQ(**slab.Find(id), 6);
}

TEST(Slab, AChangeAndTheWorkOfOthersExcludeEachOther) {
  struct Pair {
    uint64_t left = 0;
    uint64_t right = 0;
  };
  Slab<Pair> slab;
  const uint64_t id = *slab.Insert({});
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::thread changer([&] {
    for (int changes = 0; changes < 2000;) {
      const auto idle = slab.FindIdle(id);
      changes += idle && slab.ChangeAlone(idle, [](Pair& pair) { pair.right = ++pair.left; });
    }
    done = true;
  });
  while (!done) {
    {
      const auto pair = slab.Find(id);
      torn += pair->left != pair->right ? 1 : 0;
    }
    std::this_thread::yield();
  }
  changer.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace vfsd::fs
