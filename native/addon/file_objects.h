// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace vfsd::addon {

/**
 * Exports what Node.js lacks to work on trees of others: extended attributes, times to the
 * nanosecond, nodes, the target of a link and holes, all by descriptor.
 */
void ExportFileObjects(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::addon
