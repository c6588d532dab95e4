// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "frontend/driver_ring.h"

namespace vfsd::frontend {

class RingWrap : public Napi::ObjectWrap<RingWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  /** new DriverRing(memory, {size, descriptors, available, used, eventIdx, startIndex}) */
  explicit RingWrap(const Napi::CallbackInfo& info);

  DriverRing& ring() { return *ring_; }

 private:
  Napi::Value KickFd(const Napi::CallbackInfo& info);
  Napi::Value CallFd(const Napi::CallbackInfo& info);
  Napi::Value ErrorFd(const Napi::CallbackInfo& info);
  Napi::Value Publish(const Napi::CallbackInfo& info);
  Napi::Value Expose(const Napi::CallbackInfo& info);
  Napi::Value ForceAvailIndex(const Napi::CallbackInfo& info);
  Napi::Value Kick(const Napi::CallbackInfo& info);
  Napi::Value Pop(const Napi::CallbackInfo& info);
  Napi::Value Wait(const Napi::CallbackInfo& info);
  Napi::Value WaitError(const Napi::CallbackInfo& info);
  Napi::Value UsedIndex(const Napi::CallbackInfo& info);

  // The ring's areas lie in this memory, which the collector must not take first.
  Napi::ObjectReference memory_;
  std::unique_ptr<DriverRing> ring_;
};

}  // namespace vfsd::frontend
