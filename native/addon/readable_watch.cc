// SPDX-License-Identifier: Apache-2.0
#include "addon/readable_watch.h"

#include <uv.h>

#include "addon/convert.h"

namespace vfsd::addon {
namespace {

/** A uv_poll_t and its callback; deletes itself when libuv has let go of it. */
class ReadableWatch {
 public:
  ReadableWatch(Napi::Env env, const Napi::Function& callback)
      : callback_(Napi::Persistent(callback)), context_(env, "vfsd:readable") {
    poll_.data = this;
  }

  int Start(uv_loop_t* loop, int fd) {
    const int initialised = uv_poll_init(loop, &poll_, fd);
    if (initialised != 0) {
      delete this;
      return initialised;
    }
    return uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
      static_cast<ReadableWatch*>(poll->data)->Call();
    });
  }

  void Close() {
    if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&poll_))) {
      uv_close(reinterpret_cast<uv_handle_t*>(&poll_),
               [](uv_handle_t* handle) { delete static_cast<ReadableWatch*>(handle->data); });
    }
  }

 private:
  // An error on the descriptor is "readable" too: the read that follows says what it is.
  void Call() {
    const Napi::Env env = callback_.Env();
    const Napi::HandleScope scope(env);
    callback_.MakeCallback(env.Global(), {}, context_);
    if (env.IsExceptionPending()) {
      // As Node treats whatever a callback throws.
      napi_fatal_exception(env, env.GetAndClearPendingException().Value());
    }
  }

  uv_poll_t poll_;
  Napi::FunctionReference callback_;
  Napi::AsyncContext context_;
};

/** ReadableWatch: watchReadable(fd, callback) */
Napi::Value WatchReadable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  auto* watch = new ReadableWatch(env, info[1].As<Napi::Function>());
  const int error = watch->Start(loop, ToFd(info[0]));
  if (error != 0) {
    Napi::Error::New(env, uv_strerror(error)).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  // The handle may be closed twice, and used after it is: the pointer is taken out at the first
  // close.
  auto* place = new ReadableWatch*(watch);
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("close", Napi::Function::New(
                          env,
                          [place](const Napi::CallbackInfo&) {
                            if (*place != nullptr) {
                              (*place)->Close();
                              *place = nullptr;
                            }
                          },
                          "close"));
  handle.AddFinalizer([](Napi::Env, ReadableWatch** owned) { delete owned; }, place);
  return handle;
}

}  // namespace

void ExportReadableWatch(Napi::Env env, Napi::Object exports) {
  exports.Set("watchReadable", Napi::Function::New<WatchReadable>(env, "watchReadable"));
}

}  // namespace vfsd::addon
