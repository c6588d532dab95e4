// SPDX-License-Identifier: Apache-2.0
#include "null_device_wrap.h"

#include <fcntl.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/device.h"
#include "null_file_system.h"

namespace vfsd::bench {
namespace {

/** What becomes of the rings. */
class Stops final : public engine::EventSink {
 public:
  void RingBroken(uint16_t, const char*) override {}
  void SlowRequests() override {}
  void RingStopped(uint16_t, uint16_t) override {
    const std::scoped_lock lock(lock_);
    ++stopped_;
    changed_.notify_all();
  }
  void Await(size_t count) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [&] { return stopped_ >= count; });
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  size_t stopped_ = 0;
};

uint64_t Count(const Napi::Object& object, const char* name) {
  return static_cast<uint64_t>(object.Get(name).As<Napi::Number>().Int64Value());
}

uint64_t Wide(const Napi::Object& object, const char* name) {
  bool lossless;
  return object.Get(name).As<Napi::BigInt>().Uint64Value(&lossless);
}

UniqueFd Duplicate(const Napi::Object& object, const char* name) {
  const int fd = object.Get(name).As<Napi::Number>().Int32Value();
  return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

class NullDeviceWrap : public Napi::ObjectWrap<NullDeviceWrap> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NullDevice",
                       {InstanceMethod<&NullDeviceWrap::SetMemory>("setMemory"),
                        InstanceMethod<&NullDeviceWrap::StartRing>("startRing"),
                        InstanceMethod<&NullDeviceWrap::Close>("close")});
  }

  explicit NullDeviceWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NullDeviceWrap>(info) {
    const auto queues = static_cast<uint16_t>(info[0].As<Napi::Number>().Uint32Value());
    auto device = engine::Device::Create({queues, kFollowers}, files_, {}, stops_);
    if (device) {
      device_ = std::move(*device);
    } else {
      Throw(info.Env(), "the threads cannot be made");
    }
  }
  NullDeviceWrap(const NullDeviceWrap&) = delete;
  NullDeviceWrap& operator=(const NullDeviceWrap&) = delete;
  ~NullDeviceWrap() override { End(); }

 private:
  /** As the daemon has by default. */
  static constexpr uint16_t kFollowers = 8;

  static void Throw(Napi::Env env, const char* reason) {
    Napi::Error::New(env, reason).ThrowAsJavaScriptException();
  }

  Napi::Value SetMemory(const Napi::CallbackInfo& info) {
    const auto array = info[0].As<Napi::Array>();
    std::vector<memory::RegionDescription> regions;
    for (uint32_t i = 0; i < array.Length(); ++i) {
      const auto region = array.Get(i).As<Napi::Object>();
      regions.push_back(
          {.guest_address = memory::GuestPhysAddr{Count(region, "guestAddress")},
           .frontend_address = memory::FrontendVirtAddr{Wide(region, "frontendAddress")},
           .size = Count(region, "size"),
           .file_offset = 0,
           .fd = region.Get("fd").As<Napi::Number>().Int32Value()});
    }
    if (const char* reason = device_->SetMemory(regions).reason) {
      Throw(info.Env(), reason);
    }
    return info.Env().Undefined();
  }

  Napi::Value StartRing(const Napi::CallbackInfo& info) {
    const auto ring = info[0].As<Napi::Object>();
    const auto index = static_cast<uint16_t>(Count(ring, "index"));
    const engine::Refusal refusal = device_->StartRing(
        {.index = index,
         .available_base = 0,
         .layout = {.size = static_cast<uint16_t>(Count(ring, "size")),
                    .descriptors = memory::FrontendVirtAddr{Wide(ring, "descriptors")},
                    .available = memory::FrontendVirtAddr{Wide(ring, "available")},
                    .used = memory::FrontendVirtAddr{Wide(ring, "used")},
                    .event_idx = true,
                    .indirect = true},
         .kick = Duplicate(ring, "kickFd"),
         .call = Duplicate(ring, "callFd")});
    if (refusal.reason != nullptr) {
      Throw(info.Env(), refusal.reason);
    } else {
      started_.push_back(index);
    }
    return info.Env().Undefined();
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    End();
    return info.Env().Undefined();
  }

  void End() {
    if (device_ == nullptr) {
      return;
    }
    for (const uint16_t index : started_) {
      device_->StopRing(index);
    }
    stops_.Await(started_.size());
    device_.reset();
  }

  NullFileSystem files_;
  Stops stops_;
  std::unique_ptr<engine::Device> device_;
  std::vector<uint16_t> started_;
};

}  // namespace

void ExportNullDevice(Napi::Env env, Napi::Object exports) {
  exports.Set("NullDevice", NullDeviceWrap::Define(env));
}

}  // namespace vfsd::bench
