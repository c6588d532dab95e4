// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "identity/guest_ids.h"
#include "identity/id_ranges.h"

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
  /** SECBIT_NO_SETUID_FIXUP: a change of the file system user id leaves the capabilities alone. */
  bool keeps_capabilities;
  /** The capabilities of every thread; all are effective unless KeepSetIdBits has taken one. */
  uint64_t permitted;
  IdRanges uids;
  IdRanges gids;

  /**
   * There are files whose owner does not exist in the daemon's user namespace. For them no
   * capability counts, only who the thread is.
   */
  bool has_strangers() const { return !uids.AreEverything() || !gids.AreEverything(); }

  /** Reads /proc: to be called before the worker is confined. */
  static ProcessIdentity OfCallingThread();
};

/**
 * The calling thread's identity for the file system while it creates something for a guest user;
 * the destructor takes the daemon's own user back. Costs nothing when the guest's user is the
 * daemon's; the group is changed by UseGroup.
 *
 * The capabilities stay, CAP_DAC_OVERRIDE among them: the guest's kernel has already decided
 * whether the user may create here, by the user's supplementary groups among other things, which
 * the request does not carry. What of them must not act is taken away by KeepSetIdBits.
 */
class ScopedIdentity {
 public:
  /** EOVERFLOW: the guest's id has no counterpart in the daemon's user namespace. EINVAL: it is no
   * user's. EPERM: a daemon that is root may not be anybody else (--modcaps), and what it would
   * make were root's. */
  static Result<ScopedIdentity> Assume(const ProcessIdentity& process, GuestUid uid, GuestGid gid);

  ScopedIdentity(ScopedIdentity&& other) noexcept;
  ScopedIdentity(const ScopedIdentity&) = delete;
  ScopedIdentity& operator=(const ScopedIdentity&) = delete;
  ScopedIdentity& operator=(ScopedIdentity&&) = delete;
  ~ScopedIdentity();

 private:
  explicit ScopedIdentity(const ProcessIdentity& process) : process_(&process) {}

  const ProcessIdentity* process_;
  bool uid_switched_ = false;
  bool gid_switched_ = false;
};

/**
 * Makes `gid` the calling thread's group for the file system, or the daemon's own group where there
 * is no such one. It holds until the next call, so that everything that makes something, or clears
 * set-id bits, calls this; nothing else depends on the group, because the capabilities outweigh it.
 * A run for one group costs one system call. Where there are strangers' files the group stays the
 * daemon's own.
 */
void UseGroup(const ProcessIdentity& process, GuestGid gid);

/**
 * Decides whether set-user-ID and set-group-ID bits survive what the calling thread does next, as
 * they do for a user with CAP_FSETID. It holds until it is decided otherwise, so that every
 * operation for which it matters decides, and a run of equal ones costs one system call.
 */
Status KeepSetIdBits(const ProcessIdentity& process, bool keep);

/**
 * Sets the file mode creation mask of the calling thread alone, which holds until the next call;
 * every thread begins with 0. A system call only when it changes.
 */
Status SetThreadUmask(uint32_t mask);

}  // namespace vfsd::identity
