// SPDX-License-Identifier: Apache-2.0
#include "addon/confinement.h"

#include <unistd.h>

#include "addon/convert.h"
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

/** SystemFailure | undefined: seal({process, mainThread, procSelfFd}) */
Napi::Value Seal(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto filters = info[0].As<Napi::Object>();
  const int proc_self_fd = ToFd(filters.Get("procSelfFd"));
  const Status entered = RetryStatus([&] { return fchdir(proc_self_fd); });
  if (!entered) {
    return Failure(env, entered.error(), "fchdir");
  }
  // The whole process first: the main thread's own filter must not be carried to the others.
  const int process = ToFd(filters.Get("process"));
  if (process >= 0) {
    const Status loaded = sys::LoadSeccompFilter(process, sys::FilterScope::kProcess);
    if (!loaded) {
      return Failure(env, loaded.error(), "seccomp", "on all threads");
    }
  }
  const int main_thread = ToFd(filters.Get("mainThread"));
  if (main_thread >= 0) {
    const Status loaded = sys::LoadSeccompFilter(main_thread, sys::FilterScope::kThread);
    if (!loaded) {
      return Failure(env, loaded.error(), "seccomp", "on the main thread");
    }
  }
  return env.Undefined();
}

}  // namespace

void ExportConfinement(Napi::Env env, Napi::Object exports) {
  exports.Set("awaitConfinement", Napi::Function::New<AwaitConfinement>(env, "awaitConfinement"));
  exports.Set("seal", Napi::Function::New<Seal>(env, "seal"));
}

}  // namespace vfsd::addon
