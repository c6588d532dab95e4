// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::frontend {

/** `runWorkload` and `runWorkloads`: whole benchmark loops without JavaScript in them. */
void ExportWorkload(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::frontend
