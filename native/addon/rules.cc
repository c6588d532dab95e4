// SPDX-License-Identifier: Apache-2.0
#include "addon/rules.h"

#include <string_view>

#include "addon/convert.h"

namespace vfsd::addon {
namespace {

template <typename Each>
void ForEach(const Napi::Value& value, Each each) {
  if (!value.IsArray()) {
    return;
  }
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    each(array.Get(i).As<Napi::Object>());
  }
}

fs::XattrRule::Type ToType(std::string_view name) {
  using Type = fs::XattrRule::Type;
  if (name == "prefix") {
    return Type::kPrefix;
  }
  if (name == "ok") {
    return Type::kOk;
  }
  return name == "unsupported" ? Type::kUnsupported : Type::kBad;
}

fs::IdRange::Action ToAction(std::string_view name) {
  using Action = fs::IdRange::Action;
  if (name == "map") {
    return Action::kMap;
  }
  return name == "squash" ? Action::kSquash : Action::kForbid;
}

fs::IdTable ToIdTable(const Napi::Value& translations, std::string_view direction) {
  std::vector<fs::IdRange> ranges;
  ForEach(translations, [&](const Napi::Object& range) {
    if (ToString(range.Get("direction")) == direction) {
      ranges.push_back({.action = ToAction(ToString(range.Get("action"))),
                        .base = ToUint32(range.Get("base")),
                        .target = ToUint32(range.Get("target")),
                        .count = ToUint32(range.Get("count"))});
    }
  });
  return fs::IdTable(std::move(ranges));
}

}  // namespace

std::vector<fs::XattrRule> ToXattrRules(const Napi::Object& setup) {
  std::vector<fs::XattrRule> rules;
  ForEach(setup.Get("xattrMap"), [&](const Napi::Object& rule) {
    rules.push_back({.type = ToType(ToString(rule.Get("type"))),
                     .client = ToBool(rule.Get("client")),
                     .server = ToBool(rule.Get("server")),
                     .key = ToString(rule.Get("key")),
                     .prepend = ToString(rule.Get("prepend"))});
  });
  return rules;
}

fs::IdTables ToIdTables(const Napi::Object& setup) {
  const Napi::Value uids = setup.Get("uidTranslation");
  const Napi::Value gids = setup.Get("gidTranslation");
  return {.uids_to_host = ToIdTable(uids, "to-host"),
          .gids_to_host = ToIdTable(gids, "to-host"),
          .uids_to_guest = ToIdTable(uids, "to-guest"),
          .gids_to_guest = ToIdTable(gids, "to-guest")};
}

}  // namespace vfsd::addon
