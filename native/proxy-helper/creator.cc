// SPDX-License-Identifier: Apache-2.0
#include "proxy-helper/creator.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

namespace vfsd::proxy_helper {
namespace {

Status SetEffective(uint64_t permitted, uint64_t effective) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; ++i) {
    sets[i].permitted = static_cast<uint32_t>(permitted >> (32 * i));
    sets[i].effective = static_cast<uint32_t>(effective >> (32 * i));
  }
  return RetryStatus([&] { return syscall(SYS_capset, &header, sets); });
}

}  // namespace

ReducedCapabilities::ReducedCapabilities(const identity::ProcessIdentity& process)
    : permitted_(process.permitted),
      status_(SetEffective(permitted_, permitted_ & (1ull << CAP_DAC_OVERRIDE))) {}

ReducedCapabilities::~ReducedCapabilities() {
  // Taking back what is permitted cannot fail; were it to, no request may run as somebody else.
  if (!SetEffective(permitted_, permitted_)) {
    std::abort();
  }
}

}  // namespace vfsd::proxy_helper
