// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::addon {

/** Exports watchReadable: waiting for a descriptor on Node's own event loop. */
void ExportReadableWatch(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
