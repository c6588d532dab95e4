// SPDX-License-Identifier: Apache-2.0
#include "fs/xattr_map_rules.h"

#include <string>

#include "gtest/gtest.h"

namespace vfsd::fs {
namespace {

using Type = XattrRule::Type;

/** The host's name, or the error's number. */
std::string Host(const XattrRules& rules, const std::string& name) {
  XattrRules::NameBuffer buffer;
  const auto mapped = rules.ToHost(name.c_str(), buffer);
  return mapped ? *mapped : std::to_string(mapped.error().value());
}

std::string Guest(const XattrRules& rules, const std::string& name) {
  return std::string(rules.ToGuest(name).value_or("(hidden)"));
}

const std::string kEperm = std::to_string(EPERM);

TEST(XattrRulesTest, APrefixIsPutInFrontAndTakenOff) {
  const XattrRules rules(
      {{Type::kPrefix, true, true, "", "user.virtiofs."}, {Type::kBad, true, true, "", ""}});
  EXPECT_EQ(Host(rules, "trusted.x"), "user.virtiofs.trusted.x");
  EXPECT_EQ(Guest(rules, "user.virtiofs.trusted.x"), "trusted.x");
  EXPECT_EQ(Guest(rules, "user.x"), "(hidden)");
  EXPECT_EQ(Guest(rules, "user.virtiofs."), "(hidden)") << "nothing is no name";
}

TEST(XattrRulesTest, AScopeIsForOneSideOnly) {
  const XattrRules client({{Type::kPrefix, true, false, "trusted.", "user.virtiofs."},
                           {Type::kOk, true, true, "", ""}});
  EXPECT_EQ(Host(client, "trusted.x"), "user.virtiofs.trusted.x");
  EXPECT_EQ(Guest(client, "user.virtiofs.trusted.x"), "user.virtiofs.trusted.x");
  const XattrRules server({{Type::kPrefix, false, true, "trusted.", "user.virtiofs."},
                           {Type::kOk, true, true, "", ""}});
  EXPECT_EQ(Host(server, "trusted.x"), "trusted.x");
  EXPECT_EQ(Guest(server, "user.virtiofs.trusted.x"), "trusted.x");
}

TEST(XattrRulesTest, KeysAreForTheGuestsNamesAndPrependsForTheHosts) {
  const XattrRules rules({{Type::kPrefix, true, true, "trusted.", "user.virtiofs."},
                          {Type::kBad, true, true, "security.", "system."},
                          {Type::kOk, true, true, "", ""}});
  EXPECT_EQ(Host(rules, "user.virtiofs.x"), "user.virtiofs.x");
  EXPECT_EQ(Guest(rules, "trusted.x"), "trusted.x");
  EXPECT_EQ(Guest(rules, "user.virtiofs.security.x"), "security.x") << "whatever the key is";
  EXPECT_EQ(Host(rules, "security.x"), kEperm);
  EXPECT_EQ(Guest(rules, "security.x"), "security.x");
  EXPECT_EQ(Host(rules, "system.x"), "system.x");
  EXPECT_EQ(Guest(rules, "system.x"), "(hidden)");
}

TEST(XattrRulesTest, TheFirstRuleThatMatchesDecides) {
  const XattrRules rules({{Type::kOk, true, true, "user.a", "user.a"},
                          {Type::kUnsupported, true, true, "user.", "user."},
                          {Type::kPrefix, true, true, "", "user."},
                          {Type::kOk, true, true, "", ""}});
  EXPECT_EQ(Host(rules, "user.alpha"), "user.alpha");
  EXPECT_EQ(Host(rules, "user.beta"), std::to_string(EOPNOTSUPP));
  EXPECT_EQ(Host(rules, "security.x"), "user.security.x");
  EXPECT_EQ(Guest(rules, "user.alpha"), "user.alpha");
  EXPECT_EQ(Guest(rules, "user.beta"), "(hidden)");
  EXPECT_EQ(Guest(rules, "security.x"), "security.x");
}

TEST(XattrRulesTest, ANameThatNoRuleIsForIsRefusedAndHidden) {
  const XattrRules rules({{Type::kOk, true, true, "user.", "user."}});
  EXPECT_EQ(Host(rules, "trusted.x"), kEperm);
  EXPECT_EQ(Host(rules, "user"), kEperm) << "a key is a beginning";
  EXPECT_EQ(Guest(rules, "trusted.x"), "(hidden)");
}

TEST(XattrRulesTest, AMappedNameIsAtMost255BytesLong) {
  const XattrRules rules({{Type::kPrefix, true, true, "", "user.virtiofs."}});
  const std::string longest(255 - 14, 'n');
  EXPECT_EQ(Host(rules, longest), "user.virtiofs." + longest);
  EXPECT_EQ(Host(rules, longest + "n"), std::to_string(ERANGE));
  const XattrRules endless({{Type::kPrefix, true, true, "", std::string(1000, 'p')}});
  EXPECT_EQ(Host(endless, "user.x"), std::to_string(ERANGE));
}

}  // namespace
}  // namespace vfsd::fs
