// SPDX-License-Identifier: Apache-2.0
#include "fuse/extensions.h"

#include <cstring>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace vfsd::fuse {
namespace {

using namespace std::string_literals;

std::string Words(std::initializer_list<uint32_t> words) {
  std::string bytes;
  for (const uint32_t word : words) {
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return bytes;
}

std::string Padded(std::string bytes) {
  bytes.resize((bytes.size() + 7) / 8 * 8);
  return bytes;
}

std::string Context(const std::string& name, const std::string& value) {
  return Padded(Words({static_cast<uint32_t>(value.size()), 0}) + name + '\0' + value);
}

std::string Record(uint32_t type, const std::string& body) {
  return Words({static_cast<uint32_t>(8 + body.size()), type}) + body;
}

class ExtensionsTest : public ::testing::Test {
 protected:
  Status Parse(const std::string& bytes) {
    bytes_ = bytes;
    RequestBody body(std::as_bytes(std::span(bytes_)));
    return extensions_.Parse(body);
  }

  std::string ValueOf(size_t index) const {
    const auto value = extensions_.labels()[index].value;
    return {reinterpret_cast<const char*>(value.data()), value.size()};
  }

  std::string bytes_;
  Extensions extensions_;
};

TEST_F(ExtensionsTest, NothingIsNothing) {
  EXPECT_TRUE(Parse("").ok());
  EXPECT_TRUE(extensions_.labels().empty());
  EXPECT_FALSE(extensions_.supplementary_group().has_value());
}

TEST_F(ExtensionsTest, LabelsAndAGroupAreRead) {
  const std::string labels = Context("security.selinux", "a:b:c") + Context("security.x", "");
  ASSERT_TRUE(Parse(Record(2, labels) + Record(32, Padded(Words({1, 1234})))).ok());
  ASSERT_EQ(extensions_.labels().size(), 2u);
  EXPECT_STREQ(extensions_.labels()[0].name, "security.selinux");
  EXPECT_EQ(ValueOf(0), "a:b:c");
  EXPECT_STREQ(extensions_.labels()[1].name, "security.x");
  EXPECT_EQ(ValueOf(1), "");
  EXPECT_EQ(extensions_.supplementary_group(), identity::GuestGid{1234});
}

TEST_F(ExtensionsTest, TheLastRecordMayLackItsPadding) {
  const std::string unpadded = Words({3, 0}) + "n\0abc"s;
  ASSERT_TRUE(Parse(Record(1, unpadded)).ok());
  EXPECT_EQ(ValueOf(0), "abc");
}

TEST_F(ExtensionsTest, AnUnknownTypeIsPassedOver) {
  ASSERT_TRUE(Parse(Record(33, "whatever") + Record(32, Words({1, 5}))).ok());
  EXPECT_EQ(extensions_.supplementary_group(), identity::GuestGid{5});
}

TEST_F(ExtensionsTest, SizesThatContradictEachOtherAreRefused) {
  const Errno refused(EINVAL);
  EXPECT_EQ(Parse("1234567").error(), refused) << "shorter than a header";
  EXPECT_EQ(Parse(Words({7, 0})).error(), refused) << "a record shorter than its header";
  EXPECT_EQ(Parse(Words({0, 0})).error(), refused) << "a record without a size";
  EXPECT_EQ(Parse(Words({17, 0}) + "12345678").error(), refused) << "beyond the request";
  EXPECT_EQ(Parse(Words({UINT32_MAX, 0}) + "12345678").error(), refused);
  EXPECT_EQ(Parse(Record(1, "1234567")).error(), refused) << "less than a context";
  EXPECT_EQ(Parse(Record(1, Words({0, 0}) + "name")).error(), refused) << "a name without an end";
  EXPECT_EQ(Parse(Record(1, Context("", "x"))).error(), refused) << "no name";
  EXPECT_EQ(Parse(Record(1, Context(std::string(256, 'n'), "x"))).error(), refused)
      << "a long name";
  EXPECT_EQ(Parse(Record(1, Words({9, 0}) + "n\0abcdef"s)).error(), refused) << "a long value";
  EXPECT_EQ(Parse(Record(2, Context("security.x", "y"))).error(), refused) << "one of two";
  EXPECT_EQ(Parse(Record(32, "")).error(), refused) << "no number of groups";
  EXPECT_EQ(Parse(Record(32, Words({2, 1}))).error(), refused) << "one of two groups";
  EXPECT_EQ(Parse(Record(32, Words({UINT32_MAX, 1}))).error(), refused);
}

TEST_F(ExtensionsTest, MoreLabelsThanTheProtocolHasAreRefused) {
  std::string labels;
  for (int i = 0; i < 31; ++i) {
    labels += Context("security.x", "y");
  }
  EXPECT_TRUE(Parse(Record(31, labels)).ok());
  EXPECT_EQ(Parse(Record(1, Context("security.x", "y"))).error(), Errno(EINVAL));
}

}  // namespace
}  // namespace vfsd::fuse
