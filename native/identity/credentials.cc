// SPDX-License-Identifier: Apache-2.0
#include "identity/credentials.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/retry.h"

namespace vfsd::identity {
namespace {

constexpr uint32_t kNobody = UINT32_MAX;

constexpr uint64_t Bit(unsigned capability) {
  return 1ull << capability;
}

using CapabilitySets = __user_cap_data_struct[_LINUX_CAPABILITY_U32S_3];

/** What the calling thread may make effective; none when it cannot be found out. */
uint64_t PermittedCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilitySets sets = {};
  if (syscall(SYS_capget, &header, sets) != 0) {
    return 0;
  }
  return sets[0].permitted | static_cast<uint64_t>(sets[1].permitted) << 32;
}

/** Precondition: `effective` is a part of `permitted`, which is what the thread has. */
Status SetEffective(uint64_t permitted, uint64_t effective) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilitySets sets = {};
  sets[0].permitted = static_cast<uint32_t>(permitted);
  sets[1].permitted = static_cast<uint32_t>(permitted >> 32);
  sets[0].effective = static_cast<uint32_t>(effective);
  sets[1].effective = static_cast<uint32_t>(effective >> 32);
  return RetryStatus([&] { return syscall(SYS_capset, &header, sets); });
}

/** What each thread has decided for itself, because the kernel keeps it for each thread. */
thread_local bool clears_set_id_bits = false;
thread_local uint32_t thread_group = kNobody;  // the process's own
thread_local bool has_own_umask = false;
thread_local uint32_t thread_umask = 0;

uint64_t DecidedCapabilities(const ProcessIdentity& process) {
  return process.permitted & ~(clears_set_id_bits ? Bit(CAP_FSETID) : 0);
}

}  // namespace

ProcessIdentity ProcessIdentity::OfCallingThread() {
  const uint64_t needed = Bit(CAP_SETUID) | Bit(CAP_SETGID);
  const uint64_t permitted = PermittedCapabilities();
  const int secure_bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  return {.uid = HostUid{geteuid()},
          .gid = HostGid{getegid()},
          .can_switch = (permitted & needed) == needed,
          .keeps_capabilities = secure_bits >= 0 && (secure_bits & SECBIT_NO_SETUID_FIXUP) != 0,
          .permitted = permitted,
          .uids = IdRanges::Read("/proc/self/uid_map"),
          .gids = IdRanges::Read("/proc/self/gid_map")};
}

// setfsuid(2) and setfsgid(2) do not tell of a failure. They cannot fail here: the ids exist in the
// user namespace, and the capabilities for the switch were there when `process` was looked at.

Result<ScopedIdentity> ScopedIdentity::Assume(const ProcessIdentity& process, GuestUid uid,
                                              GuestGid gid) {
  ScopedIdentity scope(process);
  const auto wanted_uid = static_cast<uint32_t>(uid);
  const auto wanted_gid = static_cast<uint32_t>(gid);
  if (!process.can_switch) {
    const bool is_self = wanted_uid == static_cast<uint32_t>(process.uid) &&
                         wanted_gid == static_cast<uint32_t>(process.gid);
    return process.uid == HostUid{0} && !is_self ? Result<ScopedIdentity>(Errno(EPERM))
                                                 : Result<ScopedIdentity>(std::move(scope));
  }
  if (wanted_uid == kNobody || wanted_gid == kNobody) {
    return Errno(EINVAL);
  }
  if (!process.uids.Contain(wanted_uid) || !process.gids.Contain(wanted_gid)) {
    return Errno(EOVERFLOW);
  }
  UseGroup(process, gid);
  if (process.has_strangers() && wanted_gid != static_cast<uint32_t>(process.gid)) {
    setfsgid(wanted_gid);
    scope.gid_switched_ = true;
  }
  if (wanted_uid != static_cast<uint32_t>(process.uid)) {
    setfsuid(wanted_uid);
    scope.uid_switched_ = true;
    if (!process.keeps_capabilities) {
      // Leaving uid 0 has emptied the effective set of what is about files.
      const Status restored = SetEffective(process.permitted, DecidedCapabilities(process));
      if (!restored) {
        return restored.error();
      }
    }
  }
  return scope;
}

ScopedIdentity::ScopedIdentity(ScopedIdentity&& other) noexcept
    : process_(other.process_),
      uid_switched_(std::exchange(other.uid_switched_, false)),
      gid_switched_(std::exchange(other.gid_switched_, false)) {}

ScopedIdentity::~ScopedIdentity() {
  if (uid_switched_) {
    setfsuid(static_cast<uint32_t>(process_->uid));
    if (!process_->keeps_capabilities) {
      // Coming back to uid 0 has made all of them effective.
      clears_set_id_bits = false;
    }
  }
  if (gid_switched_) {
    setfsgid(static_cast<uint32_t>(process_->gid));
  }
}

void UseGroup(const ProcessIdentity& process, GuestGid gid) {
  if (!process.can_switch || process.has_strangers()) {
    return;
  }
  auto wanted = static_cast<uint32_t>(gid);
  if (!process.gids.Contain(wanted)) {
    wanted = static_cast<uint32_t>(process.gid);
  }
  const uint32_t present =
      thread_group == kNobody ? static_cast<uint32_t>(process.gid) : thread_group;
  if (wanted != present) {
    setfsgid(wanted);
    thread_group = wanted;
  }
}

Status KeepSetIdBits(const ProcessIdentity& process, bool keep) {
  if (keep != clears_set_id_bits || (process.permitted & Bit(CAP_FSETID)) == 0) {
    return {};
  }
  clears_set_id_bits = !keep;
  const Status changed = SetEffective(process.permitted, DecidedCapabilities(process));
  if (!changed) {
    clears_set_id_bits = keep;
  }
  return changed;
}

Status SetThreadUmask(uint32_t mask) {
  if (mask == thread_umask) {
    return {};
  }
  if (!has_own_umask) {
    // Threads share the mask, the root and the working directory until they part.
    const Status parted = RetryStatus([] { return unshare(CLONE_FS); });
    if (!parted) {
      return parted;
    }
    has_own_umask = true;
  }
  umask(mask);
  thread_umask = mask;
  return {};
}

}  // namespace vfsd::identity
