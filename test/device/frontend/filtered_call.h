// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::frontend {

/** Exports callUnderFilters: what a system call answers to a process that has loaded filters. */
void ExportFilteredCall(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::frontend
