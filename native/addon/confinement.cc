// SPDX-License-Identifier: Apache-2.0
#include "addon/confinement.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "addon/convert.h"
#include "addon/device_wrap.h"
#include "addon/failure.h"
#include "base/retry.h"
#include "launcher/control_socket.h"
#include "launcher/worker_fds.h"
#include "sys/seccomp_load.h"

namespace vfsd::addon {
namespace {

/** SystemFailure | undefined: awaitConfinement(control) */
Napi::Value AwaitConfinement(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int control = ToFd(info[0]);
  if (!launcher::SendByte(control, launcher::kLoaded) ||
      !launcher::AwaitByte(control, launcher::kConfined)) {
    return Failure(env, Errno(ECONNRESET), "recvmsg", "the launcher has ended");
  }
  return env.Undefined();
}

/** The filter of a descriptor, which is closed; none for null. */
Result<std::optional<sys::SeccompFilter>> ReadFilter(const Napi::Value& fd) {
  const UniqueFd file(fd.IsNull() ? -1 : ToFd(fd));
  return sys::SeccompFilter::ReadIfGiven(file.get());
}

const sys::SeccompFilter* PointerTo(const std::optional<sys::SeccompFilter>& filter) {
  return filter ? &*filter : nullptr;
}

/** SystemFailure | undefined: seal({process, mainThread, dataThreads, lockThreads, device,
 * procSelfFd}) */
Napi::Value Seal(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto filters = info[0].As<Napi::Object>();
  const int proc_self_fd = ToFd(filters.Get("procSelfFd"));
  const Status entered = RetryStatus([&] { return fchdir(proc_self_fd); });
  if (!entered) {
    return Failure(env, entered.error(), "fchdir");
  }
  const auto process = ReadFilter(filters.Get("process"));
  const auto main_thread = ReadFilter(filters.Get("mainThread"));
  const auto data_threads = ReadFilter(filters.Get("dataThreads"));
  const auto lock_threads = ReadFilter(filters.Get("lockThreads"));
  for (const auto* filter : {&process, &main_thread, &data_threads, &lock_threads}) {
    if (!*filter) {
      return Failure(env, filter->error(), "pread", "a filter");
    }
  }
  // The whole process first: for that, no thread may have a filter of its own yet.
  const Status on_all = *process ? (*process)->Load(sys::FilterScope::kProcess) : Status();
  if (!on_all) {
    return Failure(env, on_all.error(), "seccomp", "on all threads");
  }
  DeviceWrap* const device = DeviceWrap::Unwrap(filters.Get("device").As<Napi::Object>());
  const Status on_others = device->Seal(PointerTo(*data_threads), PointerTo(*lock_threads));
  if (!on_others) {
    return Failure(env, on_others.error(), "seccomp", "on the threads of the data plane");
  }
  const Status on_main = *main_thread ? (*main_thread)->Load(sys::FilterScope::kThread) : Status();
  if (!on_main) {
    return Failure(env, on_main.error(), "seccomp", "on the main thread");
  }
  return env.Undefined();
}

/** never: endProcess(status) */
void EndProcess(const Napi::CallbackInfo& info) {
  _exit(info[0].As<Napi::Number>().Int32Value());
}

}  // namespace

void ExportConfinement(Napi::Env env, Napi::Object exports) {
  exports.Set("awaitConfinement", Napi::Function::New<AwaitConfinement>(env, "awaitConfinement"));
  exports.Set("seal", Napi::Function::New<Seal>(env, "seal"));
  exports.Set("endProcess", Napi::Function::New<EndProcess>(env, "endProcess"));
}

}  // namespace vfsd::addon
