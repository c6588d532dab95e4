// SPDX-License-Identifier: Apache-2.0
#include "addon/failure.h"

#include <cstring>

namespace vfsd::addon {

Napi::Value Failure(Napi::Env env, Errno error, const char* syscall, const char* detail) {
  const char* name = strerrorname_np(error.value());
  Napi::Object failure = Napi::Object::New(env);
  failure.Set("errno", error.value());
  failure.Set("code", name != nullptr ? name : "UNKNOWN");
  failure.Set("syscall", syscall);
  if (detail != nullptr) {
    failure.Set("detail", detail);
  }
  return failure;
}

}  // namespace vfsd::addon
