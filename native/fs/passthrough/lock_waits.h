// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "fs/passthrough/host_lock.h"
#include "fs/passthrough/lock_descriptions.h"
#include "fs/passthrough/open_files.h"
#include "fuse/deferral.h"
#include "sys/interrupter.h"
#include "sys/thread_seal.h"

namespace vfsd::fs::passthrough {

/** A lock that the guest waits for. */
struct LockWait {
  fuse::NodeId node;
  fuse::FileHandle handle;
  fuse::LockOwner owner;
  HostLock lock;
  /** Whose a lock of the whole file is; otherwise null. */
  OpenTable<OpenFile>::Ref file;
  /** Whose a lock of a range is; otherwise null. */
  LockDescriptions::Ref description;
  std::unique_ptr<fuse::DeferredAnswer> answer;

  Status Try() const { return description ? description->Set(lock) : lock.Try(file->fd.get()); }
  Status Wait() const { return description ? description->Wait(lock) : lock.Wait(file->fd.get()); }
};

/**
 * All waits for locks, in the order in which they began.
 *
 * A few threads wait in the kernel, each for one lock: it is had at once when it is free, and in
 * the host's order. A wait that cannot end before an earlier one needs no thread yet. When there
 * are more that do than threads, one thread tries the rest now and then.
 */
class LockWaits {
 public:
  LockWaits() = default;
  LockWaits(const LockWaits&) = delete;
  LockWaits& operator=(const LockWaits&) = delete;
  /** Answers every wait with EINTR. */
  ~LockWaits();

  /** Creates the threads, which stand at `seal` first; null: there is none. To be called once. */
  Status Start(sys::ThreadSeal* seal, size_t blockers = kBlockers);

  /** Begins a wait. It is over at once when there are too many (ENOLCK), or its ring stops. */
  void Add(LockWait wait);

  /** Locks of a file may have become free. */
  void Reconsider(fuse::NodeId node);

  // The waits that these choose end with EINTR, soon. A lock that is had meanwhile is kept.
  void EndUnwanted();
  void EndHandle(fuse::NodeId node, fuse::FileHandle handle);
  void EndAll();

 private:
  // As many files or ranges can be waited for without delay; a thread costs little more than a
  // stack of which it uses a page or two.
  static constexpr size_t kBlockers = 8;
  // What four of the largest rings may leave without an answer: each wait is compared with those
  // before it.
  static constexpr size_t kMaxWaits = 1024;

  struct Blocker {
    sys::Interrupter interrupter;
  };
  struct Entry {
    LockWait wait;
    /** To be tried by the next pass, whether the time for all has come or not. */
    bool due = true;
    bool cancelled = false;
    /** A thread works with it, and removes it. */
    bool taken = false;
    /** The thread that waits for it in the kernel. */
    const Blocker* blocker = nullptr;
  };
  using Entries = std::list<Entry>;
  using Place = Entries::iterator;
  using Lock = std::unique_lock<std::mutex>;

  void RunBlocker(const Blocker& self);
  void RunRetries();

  // All with the lock held.
  void CancelIf(const std::function<bool(const LockWait&)>& chosen);
  /** It cannot end before an earlier one. */
  bool IsBehind(Place place);
  /** The oldest wait that can make use of a thread. */
  Place FindReady();
  void WakeRetries();
  /** Tries the waits that have no thread. False: there is none left that could end by itself. */
  bool Pass(Lock& lock, bool all);
  Status Block(Lock& lock, Entry& entry, const Blocker& self);
  /** A wait is over: those that were behind it may be ready. */
  void Conclude(const Entry& entry, const Status& outcome);

  /** Without the lock. Lets go first, so that the guest finds closed what it has closed. */
  static void Answer(Entry& entry, const Status& outcome);

  std::mutex lock_;
  std::condition_variable ready_;
  std::condition_variable retry_;
  Entries entries_;
  /** Entries that no thread waits for. Written under the lock. */
  std::atomic<size_t> untaken_ = 0;
  size_t idle_ = 0;
  bool retry_wanted_ = false;
  bool ending_ = false;
  std::vector<std::unique_ptr<Blocker>> blockers_;

  // Last: the threads end before what they use.
  std::vector<Thread> threads_;
};

}  // namespace vfsd::fs::passthrough
