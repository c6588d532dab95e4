// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::bench {

/** `runDirect`: a loop over the system calls of one kind of operation. */
void ExportDirectCalls(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::bench
