// SPDX-License-Identifier: Apache-2.0
#include "sys/clean_mappings.h"

#include <sys/mman.h>

#include <algorithm>
#include <sstream>

#include "gtest/gtest.h"

namespace vfsd::sys {
namespace {

std::vector<CleanMappings::Range> FindIn(const std::string& text) {
  std::istringstream smaps(text);
  return CleanMappings::Find(smaps);
}

std::string Entry(const std::string& permissions, const std::string& path, int anonymous_kb) {
  return "7f0000000000-7f0000003000 " + permissions + " 00000000 fe:00 42     " + path +
         "\nSize:                 12 kB\nRss:                  12 kB\nAnonymous:            " +
         std::to_string(anonymous_kb) + " kB\nVmFlags: rd mr mw me\n";
}

TEST(CleanMappingsTest, WhatWasNeverWrittenToIsFound) {
  const CleanMappings::Range range = {reinterpret_cast<std::byte*>(0x7f0000000000), 0x3000};
  EXPECT_EQ(FindIn(Entry("r-xp", "/usr/bin/node", 0)), std::vector{range});
  EXPECT_EQ(FindIn(Entry("r--p", "/usr/lib/libc.so.6", 0)), std::vector{range});
}

TEST(CleanMappingsTest, WhatWouldBeLostIsNot) {
  EXPECT_TRUE(FindIn(Entry("r--p", "/usr/lib/libc.so.6", 4)).empty()) << "relocated";
  EXPECT_TRUE(FindIn(Entry("rw-p", "/usr/bin/node", 0)).empty()) << "data";
  EXPECT_TRUE(FindIn(Entry("rw-s", "/memfd:mem", 0)).empty()) << "the guest's";
  EXPECT_TRUE(FindIn(Entry("r--p", "[vvar]", 0)).empty()) << "no file's";
  EXPECT_TRUE(FindIn(Entry("r--p", "", 0)).empty()) << "no file's";
  EXPECT_TRUE(FindIn("nonsense\n\nAnonymous: 0 kB\n").empty());
}

TEST(CleanMappingsTest, AProgramGoesOnWithoutThem) {
  const auto mappings = CleanMappings::OfThisProcess();
  ASSERT_TRUE(mappings.ok());
  ASSERT_FALSE(mappings->ranges().empty());
  ASSERT_TRUE(mappings->Drop().ok());
  // This function's own page came back.
  const auto here = reinterpret_cast<std::byte*>(&FindIn);
  EXPECT_TRUE(std::ranges::any_of(mappings->ranges(), [here](const CleanMappings::Range& range) {
    return here >= range.start && here < range.start + range.length;
  }));
}

}  // namespace
}  // namespace vfsd::sys
