// SPDX-License-Identifier: Apache-2.0
#include <napi.h>

#include "direct_calls_wrap.h"
#include "null_device_wrap.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  vfsd::bench::ExportNullDevice(env, exports);
  vfsd::bench::ExportDirectCalls(env, exports);
  return exports;
}

NODE_API_MODULE(vfsd_bench, Init)
