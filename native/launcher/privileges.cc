// SPDX-License-Identifier: Apache-2.0
#include "launcher/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "launcher/message.h"

namespace vfsd::launcher {
namespace {

/** The kernel knows as many capabilities as it answers for, which may be more than the headers
 * name. */
constexpr int kCapabilityBits = 64;

bool DropBounding(uint64_t keep) {
  for (int capability = 0; capability < kCapabilityBits; ++capability) {
    const int bounding = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (bounding < 0) {
      return true;
    }
    const bool kept = (keep >> capability & 1) != 0;
    // Without CAP_SETPCAP (an ordinary user) the bounding set stays; no_new_privs makes it
    // meaningless.
    if (bounding == 1 && !kept && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 &&
        errno != EPERM) {
      return Failed("dropping a capability from the bounding set");
    }
  }
  return true;
}

}  // namespace

bool KeepOnly(uint64_t capabilities) {
  if (!DropBounding(capabilities)) {
    return false;
  }
  // Not there at all before Linux 4.3, and never set then.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; ++i) {
    sets[i].permitted = static_cast<uint32_t>(capabilities >> (32 * i));
    sets[i].effective = sets[i].permitted;
  }
  if (syscall(SYS_capset, &header, sets) != 0) {
    return Failed(
        "reducing the capabilities",
        "vfsd needs CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETGID, SETUID, MKNOD and SETFCAP when it "
        "runs as root");
  }
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || Failed("setting no_new_privs");
}

bool HasCapability(unsigned capability) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  return syscall(SYS_capget, &header, sets) == 0 &&
         (sets[capability / 32].effective >> capability % 32 & 1) != 0;
}

bool SeparateCapabilitiesFromIds() {
  constexpr int kWanted = SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED;
  const int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  if (bits >= 0 && (bits & kWanted) == kWanted) {
    return true;
  }
  // EPERM: an ordinary user with --sandbox=none, who has no capabilities to keep.
  return (bits >= 0 && prctl(PR_SET_SECUREBITS, bits | kWanted, 0, 0, 0) == 0) || errno == EPERM ||
         Failed("setting the securebits");
}

bool BecomeNamespaceRoot() {
  // The group first, while the capability for it is certainly there.
  return (setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0) ||
         Failed("becoming user 0 of the sandbox");
}

bool LeaveSupplementaryGroups() {
  // EPERM: an ordinary user, whose own groups these are, or a user namespace without setgroups.
  return setgroups(0, nullptr) == 0 || errno == EPERM || Failed("leaving the supplementary groups");
}

}  // namespace vfsd::launcher
