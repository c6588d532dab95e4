// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::frontend {

/** lockFile(path, kind, start, length): locks of the host itself, beside those of guests. */
void ExportHostLock(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::frontend
