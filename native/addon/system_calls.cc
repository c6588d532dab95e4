// SPDX-License-Identifier: Apache-2.0
#include "addon/system_calls.h"

#include <seccomp.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include "addon/convert.h"

namespace vfsd::addon {
namespace {

/** Calls that some libseccomp in use does not know yet. Numbers from 424 on are the same on all
 * architectures. */
struct NewerCall {
  std::string_view name;
  int number;
};
constexpr NewerCall kNewerCalls[] = {
    {"process_mrelease", 448},  {"futex_waitv", 449},      {"set_mempolicy_home_node", 450},
    {"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
    {"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
    {"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
    {"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
    {"file_setattr", 469},
};

/** number | 'elsewhere' | null: findSystemCall(name, architecture) */
Napi::Value FindSystemCallOf(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int call = FindSystemCall(ToString(info[0]), ToUint32(info[1]));
  if (call == __NR_SCMP_ERROR) {
    return env.Null();
  }
  return call < 0 ? Napi::Value(Napi::String::New(env, "elsewhere"))
                  : Napi::Value(Napi::Number::New(env, call));
}

/** string | null: nameSystemCall(number, architecture) */
Napi::Value NameSystemCall(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto number = static_cast<int>(ToUint32(info[0]));
  const std::unique_ptr<char, decltype(&free)> name(
      seccomp_syscall_resolve_num_arch(ToUint32(info[1]), number), free);
  if (name != nullptr) {
    return Napi::String::New(env, name.get());
  }
  for (const NewerCall& newer : kNewerCalls) {
    if (newer.number == number) {
      return Napi::String::New(env, std::string(newer.name));
    }
  }
  return env.Null();
}

}  // namespace

int FindSystemCall(const std::string& name, uint32_t architecture) {
  const int call = seccomp_syscall_resolve_name_arch(architecture, name.c_str());
  if (call == __NR_SCMP_ERROR) {
    for (const NewerCall& newer : kNewerCalls) {
      if (newer.name == name) {
        return newer.number;
      }
    }
  }
  return call;
}

bool IsNewerThanLibrary(const std::string& name) {
  return seccomp_syscall_resolve_name(name.c_str()) == __NR_SCMP_ERROR;
}

void ExportSystemCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("findSystemCall", Napi::Function::New<FindSystemCallOf>(env, "findSystemCall"));
  exports.Set("nameSystemCall", Napi::Function::New<NameSystemCall>(env, "nameSystemCall"));
}

}  // namespace vfsd::addon
