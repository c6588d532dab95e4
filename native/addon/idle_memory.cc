// SPDX-License-Identifier: Apache-2.0
#include "addon/idle_memory.h"

#include <memory>

#include "addon/failure.h"
#include "sys/clean_mappings.h"

namespace vfsd::addon {
namespace {

/** CleanMappings | SystemFailure: findCleanMappings() */
Napi::Value FindCleanMappings(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Result<sys::CleanMappings> found = sys::CleanMappings::OfThisProcess();
  if (!found) {
    return Failure(env, found.error(), "open", "/proc/self/smaps");
  }
  const auto mappings = std::make_shared<const sys::CleanMappings>(std::move(*found));
  const Napi::Object result = Napi::Object::New(env);
  result.Set("drop", Napi::Function::New(env, [mappings](const Napi::CallbackInfo& call) {
               const Status dropped = mappings->Drop();
               return dropped ? call.Env().Undefined()
                              : Failure(call.Env(), dropped.error(), "madvise");
             }));
  return result;
}

}  // namespace

void ExportIdleMemory(Napi::Env env, Napi::Object exports) {
  exports.Set("findCleanMappings",
              Napi::Function::New<FindCleanMappings>(env, "findCleanMappings"));
}

}  // namespace vfsd::addon
