// SPDX-License-Identifier: Apache-2.0
#include <napi.h>

#include "frontend/disturbance.h"
#include "frontend/filtered_call.h"
#include "frontend/held_wrap.h"
#include "frontend/host_lock.h"
#include "frontend/memory_wrap.h"
#include "frontend/ring_wrap.h"
#include "frontend/sockets.h"
#include "frontend/workload_run.h"

namespace vfsd::frontend {
namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("GuestMemory", MemoryWrap::Define(env));
  exports.Set("DriverRing", RingWrap::Define(env));
  ExportSockets(env, exports);
  ExportWorkload(env, exports);
  ExportHeldFileSystem(env, exports);
  ExportHostLock(env, exports);
  ExportDisturbances(env, exports);
  ExportFilteredCall(env, exports);
  return exports;
}

}  // namespace
}  // namespace vfsd::frontend

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  return vfsd::frontend::Init(env, exports);
}

NODE_API_MODULE(vfsd_frontend, Init)
