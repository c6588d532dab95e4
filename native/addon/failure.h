// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "base/errno.h"

namespace vfsd::addon {

/** A SystemFailure of src/native/types.ts. Nothing here throws: JavaScript builds the error. */
Napi::Value Failure(Napi::Env env, Errno error, const char* syscall, const char* detail = nullptr);

}  // namespace vfsd::addon
