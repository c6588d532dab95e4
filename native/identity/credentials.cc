// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace vfsd::identity {
namespace {

constexpr uint32_t kUnchanged = UINT32_MAX;

constexpr uint64_t Bit(unsigned capability) {
  return 1ull << capability;
}

bool SetEffectiveUid(uint32_t uid) {
  return syscall(SYS_setresuid, kUnchanged, uid, kUnchanged) == 0;
}

bool SetEffectiveGid(uint32_t gid) {
  return syscall(SYS_setresgid, kUnchanged, gid, kUnchanged) == 0;
}

using CapabilitySets = __user_cap_data_struct[_LINUX_CAPABILITY_U32S_3];

bool GetCapabilities(CapabilitySets& sets) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capget, &header, sets) == 0;
}

uint64_t Effective(const CapabilitySets& sets) {
  return sets[0].effective | static_cast<uint64_t>(sets[1].effective) << 32;
}

/** Precondition: `effective` is a part of `permitted`, which is what the thread has. */
bool SetEffective(uint64_t permitted, uint64_t effective) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilitySets sets = {};
  sets[0].permitted = static_cast<uint32_t>(permitted);
  sets[1].permitted = static_cast<uint32_t>(permitted >> 32);
  sets[0].effective = static_cast<uint32_t>(effective);
  sets[1].effective = static_cast<uint32_t>(effective >> 32);
  return syscall(SYS_capset, &header, sets) == 0;
}

/** The kernel says EINVAL for an id that the user namespace does not map; in a file system that is
 * EOVERFLOW. */
Errno SwitchError() {
  return errno == EINVAL ? Errno(EOVERFLOW) : Errno::Last();
}

}  // namespace

ProcessIdentity ProcessIdentity::OfCallingThread() {
  CapabilitySets sets = {};
  const uint64_t needed = Bit(CAP_SETUID) | Bit(CAP_SETGID);
  const uint64_t effective = GetCapabilities(sets) ? Effective(sets) : 0;
  return {.uid = HostUid{geteuid()},
          .gid = HostGid{getegid()},
          .can_switch = (effective & needed) == needed,
          .permitted = effective};
}

Result<ScopedIdentity> ScopedIdentity::Assume(const ProcessIdentity& process, GuestUid uid,
                                              GuestGid gid) {
  ScopedIdentity scope(process);
  if (!process.can_switch) {
    return scope;
  }
  const auto wanted_uid = static_cast<uint32_t>(uid);
  const auto wanted_gid = static_cast<uint32_t>(gid);
  if (wanted_uid == kUnchanged || wanted_gid == kUnchanged) {
    return Errno(EINVAL);
  }
  // The group first: afterwards the thread has no capability left to change it.
  if (wanted_gid != static_cast<uint32_t>(process.gid)) {
    if (!SetEffectiveGid(wanted_gid)) {
      return SwitchError();
    }
    scope.gid_switched_ = true;
  }
  if (wanted_uid != static_cast<uint32_t>(process.uid)) {
    if (!SetEffectiveUid(wanted_uid)) {
      return SwitchError();
    }
    scope.uid_switched_ = true;
    // Leaving uid 0 has emptied the effective set; the permitted one is still there to be raised
    // from.
    if (!SetEffective(process.permitted, process.permitted & Bit(CAP_DAC_OVERRIDE))) {
      return Errno::Last();
    }
  }
  return scope;
}

ScopedIdentity::ScopedIdentity(ScopedIdentity&& other) noexcept
    : process_(other.process_),
      uid_switched_(std::exchange(other.uid_switched_, false)),
      gid_switched_(std::exchange(other.gid_switched_, false)) {}

ScopedIdentity::~ScopedIdentity() {
  // Back to uid 0 first: that makes the permitted capabilities effective again, CAP_SETGID among
  // them.
  if (uid_switched_ && !SetEffectiveUid(static_cast<uint32_t>(process_->uid))) {
    std::abort();
  }
  if (gid_switched_ && !SetEffectiveGid(static_cast<uint32_t>(process_->gid))) {
    std::abort();
  }
}

ScopedWithoutFsetid::ScopedWithoutFsetid(const ProcessIdentity& process, bool wanted)
    : process_(process),
      dropped_(wanted && (process.permitted & Bit(CAP_FSETID)) != 0 &&
               SetEffective(process.permitted, process.permitted & ~Bit(CAP_FSETID))) {}

ScopedWithoutFsetid::~ScopedWithoutFsetid() {
  if (dropped_ && !SetEffective(process_.permitted, process_.permitted)) {
    std::abort();
  }
}

}  // namespace vfsd::identity
