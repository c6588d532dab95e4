// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <vector>

#include "addon/event_bridge.h"
#include "engine/device.h"
#include "fs/id_translation.h"
#include "fs/passthrough/passthrough.h"
#include "fs/read_only.h"
#include "fs/xattr_map.h"
#include "sys/thread_seal.h"

namespace vfsd::addon {

/** NativeDevice of src/native/types.ts. */
class DeviceWrap final : public Napi::ObjectWrap<DeviceWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  /** createDevice(setup, onEvent): DeviceWrap's constructor cannot answer a failure as data, so
   * this is in its place. */
  static Napi::Value Create(const Napi::CallbackInfo& info);

  explicit DeviceWrap(const Napi::CallbackInfo& info);

  /** Lets the threads begin, each with the filter of its role; null: without. To be called once. */
  Status Seal(const sys::SeccompFilter* data_threads, const sys::SeccompFilter* lock_threads);

 private:
  /**
   * The device and what it stands on. Never deleted: its threads live as long as the process, and
   * at the process's end nobody waits for them.
   */
  struct Parts {
    /** Where a device could not be made: threads that wait would be waited for. */
    ~Parts();

    // First: threads stand at them to their end.
    sys::ThreadSeal data_threads;
    sys::ThreadSeal lock_threads;
    std::unique_ptr<fs::passthrough::Passthrough> passthrough;
    // Those that were asked for, each in front of the one before it.
    std::unique_ptr<fs::Forwarding> security_model;
    std::unique_ptr<fs::XattrMap> xattr_map;
    std::unique_ptr<fs::IdTranslation> id_translation;
    std::unique_ptr<fs::ReadOnly> read_only;

    /** Puts them in front of `passthrough`; answers the one that the guest meets first. */
    fuse::FileSystem& Decorate(const Napi::Object& setup,
                               const identity::ProcessIdentity& identity);
    std::unique_ptr<EventBridge> events;
    std::unique_ptr<engine::Device> device;
  };

  /** A failure for JavaScript, or undefined. */
  Napi::Value Build(Napi::Env env, const Napi::Object& setup, const Napi::Function& on_event);

  Napi::Value SetMemory(const Napi::CallbackInfo& info);
  Napi::Value StartRing(const Napi::CallbackInfo& info);
  Napi::Value StopRing(const Napi::CallbackInfo& info);
  Napi::Value SetCall(const Napi::CallbackInfo& info);
  Napi::Value SetTimeouts(const Napi::CallbackInfo& info);
  Napi::Value ResetSession(const Napi::CallbackInfo& info);
  Napi::Value Metrics(const Napi::CallbackInfo& info);
  Napi::Value SlowRequests(const Napi::CallbackInfo& info);

  void OnRingBroken(uint16_t index, const char* reason);
  void OnSlowRequests();
  void OnRingStopped(uint16_t index, uint16_t available_base);

  Parts* parts_ = nullptr;
  Napi::FunctionReference on_event_;
  /** Who waits for the stop of which ring. */
  std::map<uint16_t, std::vector<Napi::Promise::Deferred>> stopping_;
};

}  // namespace vfsd::addon
