// SPDX-License-Identifier: Apache-2.0
#include "addon/seccomp_compiler.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addon/convert.h"
#include "addon/failure.h"
#include "addon/system_calls.h"
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

/** What a program is compiled for. */
struct Target {
  uint32_t architecture;
  bool is_native;
};

Target ToTarget(const Napi::Value& value) {
  const uint32_t native = seccomp_arch_native();
  const uint32_t wanted = value.IsNumber() ? ToUint32(value) : native;
  return {wanted, wanted == native};
}

/** Makes the filter one for the target instead of for this machine; an errno, or 0. */
int Aim(scmp_filter_ctx context, const Target& target) {
  if (target.is_native) {
    return 0;
  }
  const int added = seccomp_arch_add(context, target.architecture);
  return added != 0 ? -added : -seccomp_arch_remove(context, seccomp_arch_native());
}

/**
 * Adds a rule; a failure's errno, or 0. A call that the architecture does not have needs no rule.
 * For another architecture than this machine's, libseccomp finds a call by its name, and so finds
 * none that it does not know.
 */
int AddRule(scmp_filter_ctx context, const Target& target, uint32_t action,
            const Napi::Object& rule) {
  const std::string name = ToString(rule.Get("syscall"));
  const int wanted = FindSystemCall(name, target.architecture);
  if (wanted == __NR_SCMP_ERROR) {
    return ENOENT;
  }
  if (wanted < 0 || (!target.is_native && IsNewerThanLibrary(name))) {
    return 0;
  }
  // Rules are in terms of this machine's numbers, also for another architecture.
  const int call = target.is_native ? wanted : seccomp_syscall_resolve_name(name.c_str());
  const auto comparisons = ToComparisons(rule.Get("conditions").As<Napi::Array>());
  return -seccomp_rule_add_array(context, action, call, static_cast<unsigned>(comparisons.size()),
                                 comparisons.data());
}

/** fd | SystemFailure: compileSeccomp(program, architecture?) */
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
  const Target target = ToTarget(info[1]);
  const int aimed = Aim(context.get(), target);
  if (aimed != 0) {
    return Failure(env, Errno(aimed), "seccomp_arch_add");
  }
  // A binary tree: a call is found in a few comparisons, however long the list is. Older libraries
  // go without.
  seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  const auto rules = program.Get("rules").As<Napi::Array>();
  for (uint32_t i = 0; i < rules.Length(); ++i) {
    const auto rule = rules.Get(i).As<Napi::Object>();
    const int error = AddRule(context.get(), target, *matched, rule);
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
