// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::bench {

/** `NullDevice`: the engine over a NullFileSystem, with rings that this process drives itself. */
void ExportNullDevice(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::bench
