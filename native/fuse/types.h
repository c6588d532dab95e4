// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "abi/fuse.h"
#include "identity/guest_ids.h"

namespace vfsd::fuse {

/** Names an inode between guest and daemon. Any value may come from the guest. */
enum class NodeId : uint64_t {};
inline constexpr NodeId kRootNode{abi::FUSE_ROOT_ID};

/** Names an open file or directory (`fh`). Any value may come from the guest. */
enum class FileHandle : uint64_t {};

/** Names, among the guest's lock owners, the one that a lock belongs to. */
enum class LockOwner : uint64_t {};

/** Who asks. */
struct Caller {
  identity::GuestUid uid;
  identity::GuestGid gid;
};

/** Told by a file system that is about to do something that may sleep, so that others need not wait
 * behind it. */
class SleepNotice {
 public:
  virtual void AboutToSleep() = 0;

 protected:
  ~SleepNotice() = default;
};

class Deferral;

/** What every operation gets to know about its request. */
struct RequestContext {
  /**
   * With FUSE_ALLOW_IDMAP the ids are UINT32_MAX, no user's, in every request that makes nothing
   * new.
   */
  Caller caller;
  /** The INIT flags that both sides have agreed on. */
  uint64_t negotiated;
  SleepNotice& sleep;
  /** Null: the request has to be answered at once. */
  Deferral* deferral = nullptr;

  /** Whether one of these was. */
  bool Negotiated(uint64_t flag) const { return (negotiated & flag) != 0; }
};

}  // namespace vfsd::fuse
