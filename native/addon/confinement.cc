// SPDX-License-Identifier: Apache-2.0
#include "addon/confinement.h"

#include <unistd.h>

#include <optional>
#include <utility>

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

/** The filter of a descriptor, which is closed; none for null. */
Result<std::optional<sys::SeccompFilter>> ReadFilter(const Napi::Value& fd) {
  const UniqueFd file(fd.IsNull() ? -1 : ToFd(fd));
  return sys::SeccompFilter::ReadIfGiven(file.get());
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
  const auto process = ReadFilter(filters.Get("process"));
  const auto main_thread = ReadFilter(filters.Get("mainThread"));
  if (!process || !main_thread) {
    return Failure(env, process ? main_thread.error() : process.error(), "pread", "a filter");
  }
  // The whole process first: the main thread's own filter must not be carried to the others.
  const Status on_all = *process ? (*process)->Load(sys::FilterScope::kProcess) : Status();
  if (!on_all) {
    return Failure(env, on_all.error(), "seccomp", "on all threads");
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
