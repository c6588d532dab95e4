// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::addon {

/** Exports the worker's side of the confinement: awaitConfinement, seal and endProcess. */
void ExportConfinement(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
