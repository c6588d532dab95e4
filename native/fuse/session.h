// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "abi/fuse.h"
#include "base/result.h"
#include "fuse/file_system.h"

namespace vfsd::fuse {

/** What the guest may cache, and with it what it is told of host-side changes. */
enum class CacheMode : uint8_t {
  kNever,     // nothing: every read and every lookup asks
  kMetadata,  // names and attributes for a day, no data
  kAuto,      // names and attributes for a second, data until a file changes
  kAlways,    // all for a day: the guest is alone with the files
};

/** Whether something is agreed on with the guest. */
enum class Negotiation : uint8_t {
  kNever,
  kAuto,    // when the guest can do it
  kAlways,  // a guest that cannot gets no session
};

struct SessionOptions {
  CacheMode cache = CacheMode::kAuto;
  bool writeback = false;
  bool readdirplus = true;
  Negotiation posix_acl = Negotiation::kNever;
  Negotiation security_label = Negotiation::kNever;
  bool killpriv_v2 = false;
  bool announce_submounts = true;
  /** Shared mappings of files that are not cached. */
  bool allow_mmap = false;
  bool posix_lock = false;
  bool flock = false;
};

/** Largest READ and WRITE, in bytes: what Linux asks for by default (fs.fuse.max_pages_limit = 256
 * pages). */
inline constexpr uint32_t kMaxWrite = 1 << 20;

/** The state between INIT and DESTROY. It outlives a stop of the rings: a paused guest keeps its
 * files. */
class Session {
 public:
  Session(FileSystem& file_system, const SessionOptions& options)
      : file_system_(file_system), options_(options) {}

  bool active() const { return active_.load(std::memory_order_acquire); }

  /** The INIT flags that were agreed on for the present session, or the last. */
  uint64_t negotiated() const { return negotiated_.load(std::memory_order_relaxed); }

  /**
   * Begins a session; an earlier one that was never ended is over. EPROTO: a protocol that vfsd
   * does not speak. EOPNOTSUPP: the guest lacks what the options make a condition.
   */
  Result<abi::fuse_init_out> Init(const abi::fuse_init_in& guest);

  /** Ends the session, whether by DESTROY or by a reset of the device. */
  void End();

 private:
  uint64_t WantedFlags() const;
  uint64_t RequiredFlags() const;
  /** @param offered what the guest can do */
  uint64_t AgreeOn(uint64_t offered) const;

  FileSystem& file_system_;
  const SessionOptions options_;
  // Makes INIT and the end of a session exclude each other: a hostile guest may send several at
  // once.
  std::mutex change_;
  std::atomic<bool> active_ = false;
  std::atomic<uint64_t> negotiated_ = 0;
};

}  // namespace vfsd::fuse
