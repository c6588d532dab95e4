// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::addon {

/** Exports the Unix sockets, descriptors and waiting of src/native/types.ts. */
void ExportSockets(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
