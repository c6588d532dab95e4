// SPDX-License-Identifier: Apache-2.0
#include "addon/seccomp_compiler.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "addon/convert.h"
#include "addon/failure.h"
#include "base/retry.h"
#include "base/unique_fd.h"

namespace vfsd::addon {
namespace {

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

/** A SeccompAction of src/native/types.ts. */
std::optional<uint32_t> ToAction(const Napi::Value& value) {
  if (value.IsObject()) {
    return SCMP_ACT_ERRNO(ToUint32(value.As<Napi::Object>().Get("errno")));
  }
  const std::string name = ToString(value);
  if (name == "allow") {
    return SCMP_ACT_ALLOW;
  }
  if (name == "kill") {
    return SCMP_ACT_KILL_PROCESS;
  }
  if (name == "log") {
    return SCMP_ACT_LOG;
  }
  if (name == "trap") {
    return SCMP_ACT_TRAP;
  }
  return std::nullopt;
}

std::vector<scmp_arg_cmp> ToComparisons(const Napi::Array& conditions) {
  std::vector<scmp_arg_cmp> comparisons;
  for (uint32_t i = 0; i < conditions.Length(); ++i) {
    const auto condition = conditions.Get(i).As<Napi::Object>();
    comparisons.push_back({.arg = ToUint32(condition.Get("argument")),
                           .op = SCMP_CMP_MASKED_EQ,
                           .datum_a = ToUint64(condition.Get("mask")),
                           .datum_b = ToUint64(condition.Get("value"))});
  }
  return comparisons;
}

/** Calls of the policies that some libseccomp in use does not know yet. Numbers from 424 on are the
 * same on all architectures. */
struct NewerCall {
  std::string_view name;
  int number;
};
constexpr NewerCall kNewerCalls[] = {
    {"fchmodat2", 452},  // libseccomp 2.5.5
};

/** A call's number; negative, but not __NR_SCMP_ERROR: this architecture does not have it. */
int ResolveCall(const std::string& name) {
  const int call = seccomp_syscall_resolve_name(name.c_str());
  if (call == __NR_SCMP_ERROR) {
    for (const NewerCall& newer : kNewerCalls) {
      if (newer.name == name) {
        return newer.number;
      }
    }
  }
  return call;
}

/** Adds a rule; a failure's errno, or 0. A call that this architecture does not have needs no rule.
 */
int AddRule(scmp_filter_ctx context, uint32_t action, const Napi::Object& rule) {
  const int call = ResolveCall(ToString(rule.Get("syscall")));
  if (call == __NR_SCMP_ERROR) {
    return ENOENT;
  }
  if (call < 0) {
    return 0;
  }
  const auto comparisons = ToComparisons(rule.Get("conditions").As<Napi::Array>());
  return -seccomp_rule_add_array(context, action, call, static_cast<unsigned>(comparisons.size()),
                                 comparisons.data());
}

/** fd | SystemFailure: compileSeccomp(program) */
Napi::Value CompileSeccomp(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto program = info[0].As<Napi::Object>();
  const auto otherwise = ToAction(program.Get("otherwise"));
  const auto matched = ToAction(program.Get("matched"));
  if (!otherwise || !matched) {
    return Failure(env, Errno(EINVAL), "seccomp_init", "unknown action");
  }
  const Context context(seccomp_init(*otherwise), seccomp_release);
  if (context == nullptr) {
    return Failure(env, Errno(ENOMEM), "seccomp_init");
  }
  // A binary tree: a call is found in a few comparisons, however long the list is. Older libraries
  // go without.
  seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  const auto rules = program.Get("rules").As<Napi::Array>();
  for (uint32_t i = 0; i < rules.Length(); ++i) {
    const auto rule = rules.Get(i).As<Napi::Object>();
    const int error = AddRule(context.get(), *matched, rule);
    if (error != 0) {
      return Failure(env, Errno(error), "seccomp_rule_add", ToString(rule.Get("syscall")).c_str());
    }
  }
  Result<UniqueFd> file = RetryFd([] { return memfd_create("vfsd-seccomp", MFD_CLOEXEC); });
  if (!file) {
    return Failure(env, file.error(), "memfd_create");
  }
  const int exported = seccomp_export_bpf(context.get(), file->get());
  if (exported != 0) {
    return Failure(env, Errno(-exported), "seccomp_export_bpf");
  }
  return Napi::Number::New(env, file->Release());
}

}  // namespace

void ExportSeccompCompiler(Napi::Env env, Napi::Object exports) {
  exports.Set("compileSeccomp", Napi::Function::New<CompileSeccomp>(env, "compileSeccomp"));
}

}  // namespace vfsd::addon
