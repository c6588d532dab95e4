// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::frontend {

/** `runWorkload`: a whole benchmark loop without JavaScript in it. */
void ExportWorkload(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::frontend
