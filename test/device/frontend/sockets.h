// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::frontend {

/** The calls on sockets, descriptors and threads that Node does not have. */
void ExportSockets(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::frontend
