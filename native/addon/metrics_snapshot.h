// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "engine/device.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::addon {

/** DeviceMetrics of src/native/types.ts. */
Napi::Value ToMetrics(Napi::Env env, engine::Device& device,
                      const fs::passthrough::Passthrough& passthrough);

/** The slow requests since the last call: SlowRequest[] of src/native/types.ts. */
Napi::Value TakeSlowRequests(Napi::Env env, engine::Device& device);

}  // namespace vfsd::addon
