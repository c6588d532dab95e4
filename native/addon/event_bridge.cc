// SPDX-License-Identifier: Apache-2.0
#include "addon/event_bridge.h"

#include <memory>
#include <utility>

namespace vfsd::addon {

// The function keeps Node's event loop alive: while a stop is awaited nothing else does.
EventBridge::EventBridge(Napi::Env env, Receiver receiver)
    : receiver_(std::move(receiver)),
      to_main_thread_(Napi::ThreadSafeFunction::New(
          env, Napi::Function::New(env, [](const Napi::CallbackInfo&) {}), "vfsd:device", 0, 1)) {}

void EventBridge::RingBroken(uint16_t index, const char* reason) {
  OnMainThread([this, index, reason] { receiver_.ring_broken(index, reason); });
}

void EventBridge::RingStopped(uint16_t index, uint16_t available_base) {
  OnMainThread([this, index, available_base] { receiver_.ring_stopped(index, available_base); });
}

void EventBridge::SlowRequests() {
  OnMainThread([this] { receiver_.slow_requests(); });
}

void EventBridge::OnMainThread(std::function<void()> deliver) {
  auto* call = new std::function<void()>(std::move(deliver));
  const napi_status queued = to_main_thread_.NonBlockingCall(
      call, [](Napi::Env env, Napi::Function, std::function<void()>* data) {
        const std::unique_ptr<std::function<void()>> owned(data);
        // Null when the process is ending and JavaScript is no more.
        if (env != nullptr) {
          (*owned)();
        }
      });
  if (queued != napi_ok) {
    delete call;
  }
}

}  // namespace vfsd::addon
