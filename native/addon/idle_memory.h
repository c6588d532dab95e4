// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::addon {

/** Exports findCleanMappings of src/native/types.ts. */
void ExportIdleMemory(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
