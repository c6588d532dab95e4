// SPDX-License-Identifier: Apache-2.0
#include "frontend/filtered_call.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace vfsd::frontend {
namespace {

using Program = std::vector<sock_filter>;

/** What the child tells: its filters may allow it no other way. */
struct Told {
  bool loaded;
  bool returned;
  long result;
};

Program ReadProgram(int fd) {
  struct stat file;
  if (fstat(fd, &file) != 0) {
    return {};
  }
  Program program(static_cast<size_t>(file.st_size) / sizeof(sock_filter));
  const size_t size = program.size() * sizeof(sock_filter);
  return pread(fd, program.data(), size, 0) == static_cast<ssize_t>(size) ? program : Program();
}

/** In a child of a process with threads: system calls and nothing else. */
[[noreturn]] void CallAndEnd(const std::vector<Program>& programs, const char* name, long number,
                             const std::array<long, 6>& args, Told* told) {
  // The test runner may catch it.
  static_cast<void>(signal(SIGSYS, SIG_DFL));
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_NAME, name, 0, 0, 0);
  for (const Program& program : programs) {
    const sock_fprog load = {static_cast<unsigned short>(program.size()),
                             const_cast<sock_filter*>(program.data())};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &load) != 0) {
      _exit(1);
    }
  }
  told->loaded = true;
  const long result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
  told->result = result < 0 ? -errno : result;
  told->returned = true;
  _exit(0);
}

/** result | null: callUnderFilters(filters, name, number, args). Null: the call has ended the
 * process. Throws where the filters cannot be loaded. */
Napi::Value CallUnderFilters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::vector<Program> programs;
  const auto filters = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < filters.Length(); ++i) {
    programs.push_back(ReadProgram(filters.Get(i).As<Napi::Number>().Int32Value()));
  }
  const std::string name = info[1].As<Napi::String>();
  const long number = info[2].As<Napi::Number>().Int64Value();
  std::array<long, 6> args = {};
  const auto given = info[3].As<Napi::Array>();
  for (uint32_t i = 0; i < given.Length() && i < args.size(); ++i) {
    args[i] = given.Get(i).As<Napi::Number>().Int64Value();
  }
  void* shared =
      mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* told = new (shared) Told{};
  const pid_t child = fork();
  if (child == 0) {
    CallAndEnd(programs, name.c_str(), number, args, told);
  }
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const Told outcome = *told;
  munmap(shared, sizeof(Told));
  if (!outcome.loaded) {
    Napi::Error::New(env, "the filters cannot be loaded").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return outcome.returned ? Napi::Value(Napi::Number::New(env, static_cast<double>(outcome.result)))
                          : env.Null();
}

}  // namespace

void ExportFilteredCall(Napi::Env env, Napi::Object exports) {
  exports.Set("callUnderFilters", Napi::Function::New(env, CallUnderFilters));
}

}  // namespace vfsd::frontend
