// SPDX-License-Identifier: Apache-2.0

// The addon's exports, as src/native/types.ts declares them.

#include <napi.h>

#include "addon/confinement.h"
#include "addon/device_wrap.h"
#include "addon/file_objects.h"
#include "addon/idle_memory.h"
#include "addon/readable_watch.h"
#include "addon/seccomp_compiler.h"
#include "addon/sockets.h"
#include "addon/startup.h"
#include "addon/system_calls.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  namespace addon = vfsd::addon;
  env.SetInstanceData(
      new Napi::FunctionReference(Napi::Persistent(addon::DeviceWrap::Define(env))));
  exports.Set("createDevice", Napi::Function::New<addon::DeviceWrap::Create>(env, "createDevice"));
  addon::ExportSockets(env, exports);
  addon::ExportReadableWatch(env, exports);
  addon::ExportStartup(env, exports);
  addon::ExportIdleMemory(env, exports);
  addon::ExportSeccompCompiler(env, exports);
  addon::ExportSystemCalls(env, exports);
  addon::ExportConfinement(env, exports);
  addon::ExportFileObjects(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(vfsd, Init)
