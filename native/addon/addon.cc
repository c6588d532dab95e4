// SPDX-License-Identifier: Apache-2.0

// The addon's exports, as src/native/types.ts declares them.

#include <napi.h>

#include "addon/confinement.h"
#include "addon/device_wrap.h"
#include "addon/readable_watch.h"
#include "addon/seccomp_compiler.h"
#include "addon/sockets.h"
#include "addon/startup.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  using namespace vfsd::addon;
  env.SetInstanceData(new Napi::FunctionReference(Napi::Persistent(DeviceWrap::Define(env))));
  exports.Set("createDevice", Napi::Function::New<DeviceWrap::Create>(env, "createDevice"));
  ExportSockets(env, exports);
  ExportReadableWatch(env, exports);
  ExportStartup(env, exports);
  ExportSeccompCompiler(env, exports);
  ExportConfinement(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(vfsd, Init)
