// SPDX-License-Identifier: Apache-2.0
#include "fs/id_translation_table.h"

#include "gtest/gtest.h"

namespace vfsd::fs {
namespace {

using Action = IdRange::Action;

TEST(IdTableTest, AnIdThatNoRangeIsForStays) {
  EXPECT_EQ(*IdTable().Translate(0), 0u);
  const IdTable table({{Action::kMap, 10, 100, 5}});
  EXPECT_EQ(*table.Translate(9), 9u);
  EXPECT_EQ(*table.Translate(15), 15u);
  EXPECT_EQ(*table.Translate(4'000'000'000), 4'000'000'000u);
}

TEST(IdTableTest, AMapGoesOneByOne) {
  const IdTable table({{Action::kMap, 10, 100, 5}});
  EXPECT_EQ(*table.Translate(10), 100u);
  EXPECT_EQ(*table.Translate(14), 104u);
}

TEST(IdTableTest, ASquashMakesAllOne) {
  const IdTable table({{Action::kSquash, 0, 65534, UINT32_MAX}});
  EXPECT_EQ(*table.Translate(0), 65534u);
  EXPECT_EQ(*table.Translate(UINT32_MAX - 1), 65534u);
}

TEST(IdTableTest, AForbiddenIdIsRefused) {
  const IdTable table({{Action::kForbid, 0, 0, 1000}});
  EXPECT_EQ(table.Translate(0).error(), Errno(EPERM));
  EXPECT_EQ(table.Translate(999).error(), Errno(EPERM));
  EXPECT_EQ(*table.Translate(1000), 1000u);
}

TEST(IdTableTest, RangesAreFoundInWhateverOrderTheyCome) {
  const IdTable table({{Action::kMap, 3000, 1, 10},
                       {Action::kSquash, 0, 500, 1000},
                       {Action::kForbid, 2000, 0, 1000},
                       {Action::kMap, 1000, 7000, 1}});
  EXPECT_EQ(*table.Translate(999), 500u);
  EXPECT_EQ(*table.Translate(1000), 7000u);
  EXPECT_EQ(*table.Translate(1001), 1001u);
  EXPECT_EQ(table.Translate(2999).error(), Errno(EPERM));
  EXPECT_EQ(*table.Translate(3009), 10u);
}

TEST(IdTableTest, NobodyIsNeverTranslatedAndNobodyBecomesNobody) {
  const IdTable table(
      {{Action::kSquash, 1000, 0, UINT32_MAX - 1000}, {Action::kMap, 0, UINT32_MAX - 5, 10}});
  EXPECT_EQ(*table.Translate(UINT32_MAX), UINT32_MAX);
  EXPECT_EQ(*table.Translate(4), UINT32_MAX - 1);
  EXPECT_EQ(table.Translate(5).error(), Errno(EPERM));
}

}  // namespace
}  // namespace vfsd::fs
