// SPDX-License-Identifier: Apache-2.0
#include "frontend/held_wrap.h"

#include <cerrno>
#include <memory>

#include "frontend/held_file_system.h"

namespace vfsd::frontend {
namespace {

HeldFileSystem::Holds HoldsOf(const Napi::Value& name) {
  return name.IsString() && name.As<Napi::String>().Utf8Value() == "reads and changes"
             ? HeldFileSystem::Holds::kReadsAndChanges
             : HeldFileSystem::Holds::kReads;
}

class HeldWrap : public Napi::ObjectWrap<HeldWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "HeldFileSystem",
        {InstanceMethod<&HeldWrap::WaitHeld>("waitHeld"),
         InstanceMethod<&HeldWrap::Release>("release"), InstanceMethod<&HeldWrap::Fail>("fail"),
         InstanceMethod<&HeldWrap::Close>("close")});
  }

  explicit HeldWrap(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<HeldWrap>(info),
        files_(HeldFileSystem::Mount(
            info[0].As<Napi::String>(),
            info[1].IsNumber() ? info[1].As<Napi::Number>().Int32Value() : HeldFileSystem::kForEver,
            HoldsOf(info[2]))) {
    if (files_ == nullptr) {
      Napi::Error::New(info.Env(), "cannot mount: errno " + std::to_string(errno))
          .ThrowAsJavaScriptException();
    }
  }

 private:
  Napi::Value WaitHeld(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(),
                              files_->WaitHeld(info[0].As<Napi::Number>().Uint32Value(),
                                               info[1].As<Napi::Number>().Int32Value()));
  }
  Napi::Value Release(const Napi::CallbackInfo& info) {
    files_->Release();
    return info.Env().Undefined();
  }
  Napi::Value Fail(const Napi::CallbackInfo& info) {
    files_->Fail(info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Number>().Int32Value());
    return info.Env().Undefined();
  }
  Napi::Value Close(const Napi::CallbackInfo& info) {
    files_.reset();
    return info.Env().Undefined();
  }

  std::unique_ptr<HeldFileSystem> files_;
};

}  // namespace

void ExportHeldFileSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("HeldFileSystem", HeldWrap::Define(env));
}

}  // namespace vfsd::frontend
