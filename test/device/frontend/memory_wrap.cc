// SPDX-License-Identifier: Apache-2.0
#include "frontend/memory_wrap.h"

#include <cstring>

namespace vfsd::frontend {
namespace {

uint64_t Address(const Napi::Value& value) {
  return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
}

Napi::Value Throw(const Napi::Env& env, const char* message) {
  Napi::Error::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace

Napi::Function MemoryWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "GuestMemory",
      {InstanceMethod<&MemoryWrap::Add>("add"), InstanceMethod<&MemoryWrap::Remove>("remove"),
       InstanceMethod<&MemoryWrap::Write>("write"), InstanceMethod<&MemoryWrap::Read>("read")});
}

Napi::Value MemoryWrap::Add(const Napi::CallbackInfo& info) {
  const Region* region = memory_.Add(Address(info[0]), Address(info[1]));
  if (region == nullptr) {
    return Throw(info.Env(), std::strerror(errno));
  }
  const Napi::Object result = Napi::Object::New(info.Env());
  result.Set("guestAddress", static_cast<double>(region->guest_address));
  result.Set("size", static_cast<double>(region->size));
  result.Set("frontendAddress",
             Napi::BigInt::New(info.Env(), reinterpret_cast<uint64_t>(region->mapping)));
  result.Set("fd", region->fd);
  return result;
}

Napi::Value MemoryWrap::Remove(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), memory_.Remove(Address(info[0])));
}

Napi::Value MemoryWrap::Write(const Napi::CallbackInfo& info) {
  const auto bytes = info[1].As<Napi::Uint8Array>();
  if (!memory_.Write(Address(info[0]), bytes.Data(), bytes.ByteLength())) {
    return Throw(info.Env(), "not in guest memory");
  }
  return info.Env().Undefined();
}

Napi::Value MemoryWrap::Read(const Napi::CallbackInfo& info) {
  const auto bytes = Napi::Buffer<uint8_t>::New(info.Env(), Address(info[1]));
  if (!memory_.Read(Address(info[0]), bytes.Data(), bytes.ByteLength())) {
    return Throw(info.Env(), "not in guest memory");
  }
  return bytes;
}

}  // namespace vfsd::frontend
