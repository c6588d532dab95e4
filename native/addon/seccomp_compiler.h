// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::addon {

/** Exports compileSeccomp, the binding of libseccomp: a policy as data becomes a BPF program in a
 * memory file. */
void ExportSeccompCompiler(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
