// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::addon {

/** Exports what the command does before there is a worker: memory files, seccomp programs, the
 * launcher's exec. */
void ExportStartup(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
