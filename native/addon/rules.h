// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <vector>

#include "fs/id_translation.h"
#include "fs/xattr_map_rules.h"

namespace vfsd::addon {

// The rules of a DeviceSetup (src/native/types.ts). JavaScript has checked them; a field that is
// missing has none.

/** `xattrMap`. */
std::vector<fs::XattrRule> ToXattrRules(const Napi::Object& setup);

/** `uidTranslation` and `gidTranslation`. */
fs::IdTables ToIdTables(const Napi::Object& setup);

}  // namespace vfsd::addon
