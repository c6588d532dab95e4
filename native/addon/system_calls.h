// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace vfsd::addon {

/**
 * A call's number on an architecture, which is given as the audit log gives it. Negative, but not
 * __NR_SCMP_ERROR: that architecture does not have it. __NR_SCMP_ERROR: none has.
 */
int FindSystemCall(const std::string& name, uint32_t architecture);

/** Whether libseccomp itself does not know the call, which is newer. */
bool IsNewerThanLibrary(const std::string& name);

/** Exports findSystemCall and nameSystemCall: names and numbers, of other architectures too. */
void ExportSystemCalls(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
