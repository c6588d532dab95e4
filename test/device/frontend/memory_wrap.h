// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "frontend/guest_memory.h"

namespace vfsd::frontend {

class MemoryWrap : public Napi::ObjectWrap<MemoryWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit MemoryWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<MemoryWrap>(info) {}

  GuestMemory& memory() { return memory_; }

 private:
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);

  GuestMemory memory_;
};

}  // namespace vfsd::frontend
