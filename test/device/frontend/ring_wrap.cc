// SPDX-License-Identifier: Apache-2.0
#include "frontend/ring_wrap.h"

#include "frontend/memory_wrap.h"

namespace vfsd::frontend {
namespace {

uint64_t Field(const Napi::Object& object, const char* name) {
  return static_cast<uint64_t>(object.Get(name).As<Napi::Number>().Int64Value());
}

uint16_t Index(const Napi::Value& value) {
  return static_cast<uint16_t>(value.As<Napi::Number>().Uint32Value());
}

}  // namespace

Napi::Function RingWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "DriverRing",
      {InstanceAccessor<&RingWrap::KickFd>("kickFd"), InstanceAccessor<&RingWrap::CallFd>("callFd"),
       InstanceAccessor<&RingWrap::ErrorFd>("errorFd"),
       InstanceAccessor<&RingWrap::UsedIndex>("usedIndex"),
       InstanceMethod<&RingWrap::Publish>("publish"), InstanceMethod<&RingWrap::Expose>("expose"),
       InstanceMethod<&RingWrap::ForceAvailIndex>("forceAvailIndex"),
       InstanceMethod<&RingWrap::Kick>("kick"), InstanceMethod<&RingWrap::Pop>("pop"),
       InstanceMethod<&RingWrap::Wait>("wait"), InstanceMethod<&RingWrap::WaitError>("waitError")});
}

RingWrap::RingWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RingWrap>(info) {
  const auto memory = info[0].As<Napi::Object>();
  const auto options = info[1].As<Napi::Object>();
  memory_ = Napi::Persistent(memory);
  const RingLayout layout = {
      .size = static_cast<uint16_t>(Field(options, "size")),
      .descriptors = Field(options, "descriptors"),
      .available = Field(options, "available"),
      .used = Field(options, "used"),
      .event_idx = options.Get("eventIdx").ToBoolean(),
      .start_index = static_cast<uint16_t>(Field(options, "startIndex")),
  };
  ring_ = DriverRing::Create(MemoryWrap::Unwrap(memory)->memory(), layout);
  if (ring_ == nullptr) {
    Napi::Error::New(info.Env(), "the ring does not lie in guest memory")
        .ThrowAsJavaScriptException();
  }
}

Napi::Value RingWrap::KickFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ring_->kick_fd());
}

Napi::Value RingWrap::CallFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ring_->call_fd());
}

Napi::Value RingWrap::ErrorFd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ring_->error_fd());
}

Napi::Value RingWrap::UsedIndex(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ring_->used_index());
}

Napi::Value RingWrap::Publish(const Napi::CallbackInfo& info) {
  ring_->Publish(Index(info[0]));
  return info.Env().Undefined();
}

Napi::Value RingWrap::Expose(const Napi::CallbackInfo& info) {
  ring_->Expose();
  return Napi::Boolean::New(info.Env(), ring_->KickIfWanted());
}

Napi::Value RingWrap::ForceAvailIndex(const Napi::CallbackInfo& info) {
  ring_->ForceAvailIndex(Index(info[0]));
  return info.Env().Undefined();
}

Napi::Value RingWrap::Kick(const Napi::CallbackInfo& info) {
  ring_->Kick();
  return info.Env().Undefined();
}

Napi::Value RingWrap::Pop(const Napi::CallbackInfo& info) {
  abi::vring_used_elem element;
  if (!ring_->Pop(element)) {
    return info.Env().Null();
  }
  const Napi::Object result = Napi::Object::New(info.Env());
  result.Set("id", element.id);
  result.Set("length", element.len);
  return result;
}

Napi::Value RingWrap::Wait(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ring_->Wait(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value RingWrap::WaitError(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ring_->WaitError(info[0].As<Napi::Number>().Int32Value()));
}

}  // namespace vfsd::frontend
