// SPDX-License-Identifier: Apache-2.0
#include "launcher/call_name.h"

#include <seccomp.h>

#include <cstdlib>
#include <memory>

namespace vfsd::launcher {

std::string CallName(const FatalCall& call) {
  const std::unique_ptr<char, decltype(&free)> name(
      seccomp_syscall_resolve_num_arch(call.architecture, call.number), free);
  const std::string number = std::to_string(call.number);
  return name == nullptr ? number : std::string(name.get()) + " (" + number + ")";
}

}  // namespace vfsd::launcher
