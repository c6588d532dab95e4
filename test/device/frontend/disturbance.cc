// SPDX-License-Identifier: Apache-2.0
#include "frontend/disturbance.h"

#include <fcntl.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "frontend/memory_wrap.h"

namespace vfsd::frontend {
namespace {

class HostRacer : public Napi::ObjectWrap<HostRacer> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "HostRacer", {InstanceMethod<&HostRacer::Stop>("stop")});
  }

  explicit HostRacer(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<HostRacer>(info),
        race_([one = info[0].As<Napi::String>().Utf8Value(),
               other = info[1].As<Napi::String>().Utf8Value()] {
          return renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0;
        }) {}

 private:
  Napi::Value Stop(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(race_.Stop()));
  }

  Disturbance race_;
};

class MemoryScribbler : public Napi::ObjectWrap<MemoryScribbler> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "MemoryScribbler", {InstanceMethod<&MemoryScribbler::Stop>("stop")});
  }

  explicit MemoryScribbler(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<MemoryScribbler>(info),
        memory_(Napi::Persistent(info[0].As<Napi::Object>())),
        one_(Bytes(info[2])),
        other_(Bytes(info[3])) {
    const auto address = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
    const auto place = MemoryWrap::Unwrap(memory_.Value())->memory().At(address, one_.size());
    if (place.size() != one_.size() || one_.size() != other_.size()) {
      Napi::Error::New(info.Env(), "the two must be as long, and lie in one region")
          .ThrowAsJavaScriptException();
      return;
    }
    scribble_ = std::make_unique<Disturbance>([this, place, turn = false]() mutable {
      turn = !turn;
      const std::vector<uint8_t>& bytes = turn ? one_ : other_;
      // Byte by byte, so that who looks in between sees both.
      auto* to = reinterpret_cast<volatile uint8_t*>(place.data());
      for (size_t i = 0; i < bytes.size(); i++) {
        to[i] = bytes[i];
      }
      return true;
    });
  }

 private:
  static std::vector<uint8_t> Bytes(const Napi::Value& value) {
    const auto bytes = value.As<Napi::Uint8Array>();
    return {bytes.Data(), bytes.Data() + bytes.ByteLength()};
  }

  Napi::Value Stop(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(scribble_->Stop()));
  }

  /** Keeps what is scribbled into mapped. */
  const Napi::ObjectReference memory_;
  const std::vector<uint8_t> one_;
  const std::vector<uint8_t> other_;
  std::unique_ptr<Disturbance> scribble_;
};

}  // namespace

void ExportDisturbances(Napi::Env env, Napi::Object exports) {
  exports.Set("HostRacer", HostRacer::Define(env));
  exports.Set("MemoryScribbler", MemoryScribbler::Define(env));
}

}  // namespace vfsd::frontend
