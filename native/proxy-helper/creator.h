// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>

#include "base/retry.h"
#include "identity/credentials.h"

namespace vfsd::proxy_helper {

/** Whose a new object is to be. */
struct Owner {
  uint32_t uid;
  uint32_t gid;

  bool IsRoot() const { return uid == 0 && gid == 0; }
};

/**
 * Leaves the calling thread only CAP_DAC_OVERRIDE in effect until its end: the guest's kernel has
 * decided whether the user may create here, and everything else about the new object (devices,
 * set-group-ID bits of foreign groups) is the host's to decide as for that user.
 */
class ReducedCapabilities {
 public:
  explicit ReducedCapabilities(const identity::ProcessIdentity& process);
  ReducedCapabilities(const ReducedCapabilities&) = delete;
  ReducedCapabilities& operator=(const ReducedCapabilities&) = delete;
  ~ReducedCapabilities();

  const Status& status() const { return status_; }

 private:
  uint64_t permitted_;
  Status status_;
};

/** Runs the call that makes something as its owner-to-be. EINVAL: nobody's id; EOVERFLOW: one that
 * does not exist here. */
template <std::invocable Call>
Status CreateAs(const identity::ProcessIdentity& process, Owner owner, Call call) {
  const auto scope = identity::ScopedIdentity::Assume(process, identity::GuestUid{owner.uid},
                                                      identity::GuestGid{owner.gid});
  if (!scope) {
    return scope.error();
  }
  if (owner.IsRoot()) {
    return RetryStatus(call);
  }
  // Ends before the scope does, which takes capabilities to leave.
  const ReducedCapabilities reduced(process);
  return reduced.status() ? RetryStatus(call) : reduced.status();
}

}  // namespace vfsd::proxy_helper
