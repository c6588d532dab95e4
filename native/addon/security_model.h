// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "fs/forwarding.h"
#include "identity/credentials.h"

namespace vfsd::addon {

/** What stands in front of `inner` for the `securityModel` of a DeviceSetup (src/native/types.ts);
 * null: nothing. `inner` must outlive it. */
std::unique_ptr<fs::Forwarding> MakeSecurityModel(const Napi::Object& setup,
                                                  fuse::FileSystem& inner,
                                                  const identity::ProcessIdentity& identity);

}  // namespace vfsd::addon
