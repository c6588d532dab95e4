// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::frontend {

/** `new HeldFileSystem(mountPoint)`: throws where mounting is not possible. */
void ExportHeldFileSystem(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::frontend
