// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "identity/guest_ids.h"

namespace vfsd::identity {

/**
 * What the process may do about identity, found out once, at start.
 */
struct ProcessIdentity {
  HostUid uid;
  HostGid gid;
  /**
   * CAP_SETUID and CAP_SETGID are there. Without them (an ordinary user with --sandbox=none)
   * everything is made as the daemon's own user, whoever asks in the guest.
   */
  bool can_switch;
  /** The capabilities that are effective, and permitted, while the thread is itself. */
  uint64_t permitted;

  static ProcessIdentity OfCallingThread();
};

/**
 * The calling thread's identity while it creates something for a guest user; the destructor takes
 * the daemon's own back. Costs nothing when the guest's user is the daemon's.
 *
 * Raw system calls: libc's wrappers would change every thread of the process. CAP_DAC_OVERRIDE
 * stays effective: the guest's kernel has already decided whether the user may create here, by the
 * user's supplementary groups among other things, which the request does not carry. CAP_FSETID does
 * not stay, so that set-group-id rules apply.
 */
class ScopedIdentity {
 public:
  /** EOVERFLOW: the guest's id has no counterpart in the daemon's user namespace. */
  static Result<ScopedIdentity> Assume(const ProcessIdentity& process, GuestUid uid, GuestGid gid);

  ScopedIdentity(ScopedIdentity&& other) noexcept;
  ScopedIdentity(const ScopedIdentity&) = delete;
  ScopedIdentity& operator=(const ScopedIdentity&) = delete;
  ScopedIdentity& operator=(ScopedIdentity&&) = delete;
  /** Ends the process when the daemon's identity cannot be taken back: nothing safe can be done
   * with the thread. */
  ~ScopedIdentity();

 private:
  explicit ScopedIdentity(const ProcessIdentity& process) : process_(&process) {}

  const ProcessIdentity* process_;
  bool uid_switched_ = false;
  bool gid_switched_ = false;
};

/**
 * The calling thread without CAP_FSETID, so that the kernel clears the set-user-ID and set-group-ID
 * bits of a file that is written to, as it does for a user who lacks that capability. The
 * destructor takes it back.
 */
class ScopedWithoutFsetid {
 public:
  /** @param wanted false: change nothing */
  ScopedWithoutFsetid(const ProcessIdentity& process, bool wanted);
  ScopedWithoutFsetid(const ScopedWithoutFsetid&) = delete;
  ScopedWithoutFsetid& operator=(const ScopedWithoutFsetid&) = delete;
  /** Ends the process when it cannot be taken back. */
  ~ScopedWithoutFsetid();

 private:
  const ProcessIdentity& process_;
  const bool dropped_;
};

}  // namespace vfsd::identity
