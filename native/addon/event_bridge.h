// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>

#include "engine/event_sink.h"

namespace vfsd::addon {

/**
 * Carries the data threads' reports to the main thread: the only way from them to JavaScript.
 *
 * It needs no bound of its own: between a ring's start and its stop, which JavaScript decides on,
 * there are at most two reports. Of slow requests there is one until they are read.
 */
class EventBridge final : public engine::EventSink {
 public:
  struct Receiver {
    std::function<void(uint16_t index, const char* reason)> ring_broken;
    std::function<void(uint16_t index, uint16_t available_base)> ring_stopped;
    std::function<void()> slow_requests;
  };

  /** `receiver` is called on the main thread. */
  EventBridge(Napi::Env env, Receiver receiver);

  void RingBroken(uint16_t index, const char* reason) override;
  void RingStopped(uint16_t index, uint16_t available_base) override;
  void SlowRequests() override;

 private:
  void OnMainThread(std::function<void()> deliver);

  Receiver receiver_;
  Napi::ThreadSafeFunction to_main_thread_;
};

}  // namespace vfsd::addon
