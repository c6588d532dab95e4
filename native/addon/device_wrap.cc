// SPDX-License-Identifier: Apache-2.0
#include "addon/device_wrap.h"

#include <fcntl.h>

#include <string>
#include <utility>

#include "addon/convert.h"
#include "addon/failure.h"
#include "addon/metrics_snapshot.h"
#include "addon/rules.h"
#include "addon/security_model.h"
#include "base/eventfd.h"
#include "base/retry.h"
#include "identity/credentials.h"
#include "sys/heap.h"
#include "sys/proc_self_fd.h"

namespace vfsd::addon {
namespace {

fuse::CacheMode ToCacheMode(const Napi::Value& value) {
  const std::string name = ToString(value);
  if (name == "never") {
    return fuse::CacheMode::kNever;
  }
  if (name == "metadata") {
    return fuse::CacheMode::kMetadata;
  }
  return name == "always" ? fuse::CacheMode::kAlways : fuse::CacheMode::kAuto;
}

fuse::Negotiation ToNegotiation(const Napi::Value& value) {
  const std::string name = ToString(value);
  if (name == "always") {
    return fuse::Negotiation::kAlways;
  }
  return name == "auto" ? fuse::Negotiation::kAuto : fuse::Negotiation::kNever;
}

fs::passthrough::Validity ToValidity(const Napi::Value& nanoseconds) {
  constexpr uint64_t kSecond = 1'000'000'000;
  const uint64_t all = ToUint64(nanoseconds);
  return {all / kSecond, static_cast<uint32_t>(all % kSecond)};
}

fs::passthrough::Validities ToValidities(const Napi::Object& timeouts) {
  return {.entry = ToValidity(timeouts.Get("entryTimeoutNs")),
          .attr = ToValidity(timeouts.Get("attrTimeoutNs")),
          .negative = ToValidity(timeouts.Get("negativeTimeoutNs"))};
}

fs::passthrough::InodeFileHandles ToInodeFileHandles(const Napi::Value& value) {
  const std::string name = ToString(value);
  if (name == "mandatory") {
    return fs::passthrough::InodeFileHandles::kMandatory;
  }
  return name == "prefer" ? fs::passthrough::InodeFileHandles::kPrefer
                          : fs::passthrough::InodeFileHandles::kNever;
}

bool IsFilled(const Napi::Value& array) {
  return array.IsArray() && array.As<Napi::Array>().Length() > 0;
}

fs::passthrough::Options ToPassthroughOptions(const Napi::Object& setup) {
  return {
      .cache = ToCacheMode(setup.Get("cache")),
      .timeouts = ToValidities(setup),
      // Without --xattr there are none for the guest, but some that are kept for it.
      .xattr = ToBool(setup.Get("xattr")) || ToString(setup.Get("securityModel")) == "mapped-xattr",
      .writeback = ToBool(setup.Get("writeback")),
      .allow_direct_io = ToBool(setup.Get("allowDirectIo")),
      .preserve_noatime = ToBool(setup.Get("preserveNoatime")),
      .readonly = ToBool(setup.Get("readonly")),
      .inode_file_handles = ToInodeFileHandles(setup.Get("inodeFileHandles")),
      .posix_lock = ToBool(setup.Get("posixLock")),
      .flock = ToBool(setup.Get("flock")),
      .ids_are_translated =
          IsFilled(setup.Get("uidTranslation")) || IsFilled(setup.Get("gidTranslation")),
      .guest_fd_limit = setup.Get("guestFdLimit").As<Napi::Number>().Int64Value()};
}

fuse::SessionOptions ToSessionOptions(const Napi::Object& setup) {
  return {.cache = ToCacheMode(setup.Get("cache")),
          .writeback = ToBool(setup.Get("writeback")),
          .readdirplus = ToBool(setup.Get("readdirplus")),
          .posix_acl = ToNegotiation(setup.Get("posixAcl")),
          .security_label = ToNegotiation(setup.Get("securityLabel")),
          .killpriv_v2 = ToBool(setup.Get("killprivV2")),
          .announce_submounts = ToBool(setup.Get("announceSubmounts")),
          .allow_mmap = ToBool(setup.Get("allowMmap")),
          .posix_lock = ToBool(setup.Get("posixLock")),
          .flock = ToBool(setup.Get("flock"))};
}

memory::RegionDescription ToRegion(const Napi::Object& region) {
  return {.guest_address = memory::GuestPhysAddr{ToUint64(region.Get("guestAddress"))},
          .frontend_address = memory::FrontendVirtAddr{ToUint64(region.Get("frontendAddress"))},
          .size = ToUint64(region.Get("size")),
          .file_offset = ToUint64(region.Get("offset")),
          .fd = ToFd(region.Get("fd"))};
}

vring::RingLayout ToLayout(const Napi::Object& setup) {
  // A size that does not fit is no power of two up to 1024 either, and is refused as such.
  const uint32_t size = ToUint32(setup.Get("size"));
  return {.size = static_cast<uint16_t>(size > UINT16_MAX ? 0 : size),
          .descriptors = memory::FrontendVirtAddr{ToUint64(setup.Get("descriptorAddress"))},
          .available = memory::FrontendVirtAddr{ToUint64(setup.Get("availableAddress"))},
          .used = memory::FrontendVirtAddr{ToUint64(setup.Get("usedAddress"))},
          .event_idx = ToBool(setup.Get("eventIdx")),
          .indirect = ToBool(setup.Get("indirect"))};
}

uint16_t ToIndex(const Napi::Value& value) {
  const uint32_t index = ToUint32(value);
  return static_cast<uint16_t>(index > UINT16_MAX ? UINT16_MAX : index);
}

/** An own copy of a descriptor; empty for null. */
Result<UniqueFd> Duplicate(const Napi::Value& value) {
  if (!value.IsNumber()) {
    return UniqueFd();
  }
  return RetryFd([&] { return fcntl(ToFd(value), F_DUPFD_CLOEXEC, 0); });
}

/** The same for a call, which must never make the thread wait that signals it. */
Result<UniqueFd> DuplicateCall(const Napi::Value& value) {
  Result<UniqueFd> call = Duplicate(value);
  if (call && *call) {
    const Status changed = MakeNonBlocking(call->get());
    if (!changed) {
      return changed.error();
    }
  }
  return call;
}

Napi::Value ToRefusal(Napi::Env env, const engine::Refusal& refusal) {
  if (refusal.reason == nullptr) {
    return env.Undefined();
  }
  if (refusal.error.value() != 0) {
    return Failure(env, refusal.error, "setup", refusal.reason);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("refused", refusal.reason);
  return object;
}

}  // namespace

Napi::Function DeviceWrap::Define(Napi::Env env) {
  return DefineClass(env, "NativeDevice",
                     {InstanceMethod<&DeviceWrap::SetMemory>("setMemory"),
                      InstanceMethod<&DeviceWrap::StartRing>("startRing"),
                      InstanceMethod<&DeviceWrap::StopRing>("stopRing"),
                      InstanceMethod<&DeviceWrap::SetCall>("setCall"),
                      InstanceMethod<&DeviceWrap::ResetSession>("resetSession"),
                      InstanceMethod<&DeviceWrap::SetTimeouts>("setTimeouts"),
                      InstanceMethod<&DeviceWrap::Metrics>("metrics"),
                      InstanceMethod<&DeviceWrap::SlowRequests>("takeSlowRequests")});
}

DeviceWrap::DeviceWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

Napi::Value DeviceWrap::Create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object object = env.GetInstanceData<Napi::FunctionReference>()->New({});
  const Napi::Value failure =
      Unwrap(object)->Build(env, info[0].As<Napi::Object>(), info[1].As<Napi::Function>());
  return failure.IsUndefined() ? object : failure;
}

DeviceWrap::Parts::~Parts() {
  data_threads.Release();
  lock_threads.Release();
}

Status DeviceWrap::Seal(const sys::SeccompFilter* data_threads,
                        const sys::SeccompFilter* lock_threads) {
  const Status data = parts_->data_threads.Seal(data_threads);
  const Status lock = parts_->lock_threads.Seal(lock_threads);
  return data ? lock : data;
}

fuse::FileSystem& DeviceWrap::Parts::Decorate(const Napi::Object& setup,
                                              const identity::ProcessIdentity& identity) {
  fuse::FileSystem* outermost = passthrough.get();
  // Nearest to the host: what it keeps there has neither the guest's names nor its ids.
  security_model = MakeSecurityModel(setup, *outermost, identity);
  if (security_model) {
    outermost = security_model.get();
  }
  std::vector<fs::XattrRule> xattr_rules = ToXattrRules(setup);
  if (!xattr_rules.empty()) {
    xattr_map = std::make_unique<fs::XattrMap>(*outermost, fs::XattrRules(std::move(xattr_rules)));
    outermost = xattr_map.get();
  }
  // In front of the names' map: it is the guest's name that says what a value is.
  fs::IdTables id_tables = ToIdTables(setup);
  if (!id_tables.empty()) {
    id_translation = std::make_unique<fs::IdTranslation>(*outermost, std::move(id_tables));
    outermost = id_translation.get();
  }
  if (ToBool(setup.Get("readonly"))) {
    read_only = std::make_unique<fs::ReadOnly>(*outermost);
    outermost = read_only.get();
  }
  return *outermost;
}

Napi::Value DeviceWrap::Build(Napi::Env env, const Napi::Object& setup,
                              const Napi::Function& on_event) {
  sys::SettleHeap();
  auto parts = std::make_unique<Parts>();
  UniqueFd root(ToFd(setup.Get("root")));
  sys::ProcSelfFd proc_self_fd{UniqueFd(ToFd(setup.Get("procSelfFd")))};
  const auto identity = identity::ProcessIdentity::OfCallingThread();
  parts->passthrough = std::make_unique<fs::passthrough::Passthrough>(
      ToPassthroughOptions(setup), std::move(proc_self_fd), identity);
  const Status opened = parts->passthrough->Open(std::move(root), &parts->lock_threads);
  if (!opened) {
    return Failure(env, opened.error(), "statx", "the shared directory");
  }
  fuse::FileSystem& file_system = parts->Decorate(setup, identity);
  parts->events = std::make_unique<EventBridge>(
      env, EventBridge::Receiver{
               [this](uint16_t index, const char* reason) { OnRingBroken(index, reason); },
               [this](uint16_t index, uint16_t base) { OnRingStopped(index, base); },
               [this] { OnSlowRequests(); }});
  const engine::DeviceShape shape = {
      ToIndex(setup.Get("requestQueues")), ToIndex(setup.Get("followers")),
      ToUint32(setup.Get("pollLimitNs")), ToUint64(setup.Get("slowRequestNs"))};
  auto device = engine::Device::Create(shape, file_system, ToSessionOptions(setup), *parts->events,
                                       &parts->data_threads);
  if (!device) {
    return Failure(env, device.error(), "pthread_create");
  }
  parts->device = std::move(*device);
  on_event_ = Napi::Persistent(on_event);
  parts_ = parts.release();
  // Events may arrive as long as there are threads, whoever still refers to the object.
  Ref();
  return env.Undefined();
}

Napi::Value DeviceWrap::SetMemory(const Napi::CallbackInfo& info) {
  const auto array = info[0].As<Napi::Array>();
  std::vector<memory::RegionDescription> regions;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    regions.push_back(ToRegion(array.Get(i).As<Napi::Object>()));
  }
  return ToRefusal(info.Env(), parts_->device->SetMemory(regions));
}

Napi::Value DeviceWrap::StartRing(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto setup = info[0].As<Napi::Object>();
  Result<UniqueFd> kick = Duplicate(setup.Get("kick"));
  Result<UniqueFd> call = DuplicateCall(setup.Get("call"));
  if (!kick || !call) {
    return Failure(env, kick ? call.error() : kick.error(), "fcntl");
  }
  return ToRefusal(env, parts_->device->StartRing({.index = ToIndex(setup.Get("index")),
                                                   .available_base = static_cast<uint16_t>(
                                                       ToUint32(setup.Get("availableBase"))),
                                                   .layout = ToLayout(setup),
                                                   .kick = std::move(*kick),
                                                   .call = std::move(*call)}));
}

Napi::Value DeviceWrap::StopRing(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint16_t index = ToIndex(info[0]);
  const auto deferred = Napi::Promise::Deferred::New(env);
  stopping_[index].push_back(deferred);
  if (!parts_->device->StopRing(index)) {
    OnRingStopped(index, 0);
  }
  return deferred.Promise();
}

Napi::Value DeviceWrap::SetCall(const Napi::CallbackInfo& info) {
  Result<UniqueFd> call = DuplicateCall(info[1]);
  if (!call) {
    return Failure(info.Env(), call.error(), "fcntl");
  }
  parts_->device->SetCall(ToIndex(info[0]), std::move(*call));
  return info.Env().Undefined();
}

Napi::Value DeviceWrap::SetTimeouts(const Napi::CallbackInfo& info) {
  parts_->passthrough->SetTimeouts(ToValidities(info[0].As<Napi::Object>()));
  return info.Env().Undefined();
}

Napi::Value DeviceWrap::ResetSession(const Napi::CallbackInfo& info) {
  parts_->device->ResetSession();
  return info.Env().Undefined();
}

Napi::Value DeviceWrap::Metrics(const Napi::CallbackInfo& info) {
  return ToMetrics(info.Env(), *parts_->device, *parts_->passthrough);
}

Napi::Value DeviceWrap::SlowRequests(const Napi::CallbackInfo& info) {
  return TakeSlowRequests(info.Env(), *parts_->device);
}

void DeviceWrap::OnSlowRequests() {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  Napi::Object event = Napi::Object::New(env);
  event.Set("kind", "slow-requests");
  on_event_.Call({event});
}

void DeviceWrap::OnRingBroken(uint16_t index, const char* reason) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  Napi::Object event = Napi::Object::New(env);
  event.Set("kind", "ring-broken");
  event.Set("index", static_cast<uint32_t>(index));
  event.Set("reason", reason);
  on_event_.Call({event});
}

void DeviceWrap::OnRingStopped(uint16_t index, uint16_t available_base) {
  const Napi::HandleScope scope(Env());
  parts_->device->ReleaseRing(index);
  for (const Napi::Promise::Deferred& waiter : std::exchange(stopping_[index], {})) {
    waiter.Resolve(Napi::Number::New(Env(), available_base));
  }
}

}  // namespace vfsd::addon
