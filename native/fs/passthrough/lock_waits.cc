// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/lock_waits.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/semaphore.h"

namespace vfsd::fs::passthrough {

using fuse::FileHandle;
using fuse::NodeId;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kShortestInterval{1};
constexpr std::chrono::milliseconds kLongestInterval{100};

/**
 * Whatever keeps `earlier` waiting keeps `later` waiting too: that wants all of what the other
 * wants, and holds nothing itself that the other could wait for.
 */
bool Follows(const LockWait& later, const LockWait& earlier) {
  if (later.node != earlier.node || later.lock.kind != earlier.lock.kind ||
      (earlier.lock.exclusive() && !later.lock.exclusive())) {
    return false;
  }
  if (later.lock.kind == HostLock::Kind::kWholeFile) {
    // Local file systems give a handle's lock up before it waits for another. Those that do it with
    // locks of ranges keep it.
    return later.handle != earlier.handle && !later.file->traits.flush_matters;
  }
  return later.owner != earlier.owner && later.lock.Contains(earlier.lock) &&
         !later.description->holds.load();
}

}  // namespace

LockWaits::~LockWaits() {
  {
    const std::scoped_lock lock(lock_);
    CancelIf([](const LockWait&) { return true; });
    ending_ = true;
    ready_.notify_all();
    retry_.notify_all();
  }
  threads_.clear();
}

Status LockWaits::Start(sys::ThreadSeal* seal, size_t blockers) {
  const auto enter = [seal] {
    if (seal != nullptr) {
      seal->Enter();
    }
  };
  const auto expect = [seal] {
    if (seal != nullptr) {
      seal->Expect();
    }
  };
  for (size_t i = 0; i < blockers; ++i) {
    Blocker& blocker = *blockers_.emplace_back(std::make_unique<Blocker>());
    Status attached;
    Semaphore begun;
    expect();
    Result<Thread> thread = Thread::Start("vfsd-lock-" + std::to_string(i), [&, enter, this] {
      const Blocker& self = blocker;
      attached = blocker.interrupter.Attach();
      const bool usable = attached.ok();
      // Ends the life of what is here by reference.
      begun.Post();
      enter();
      if (usable) {
        RunBlocker(self);
      }
    });
    if (!thread) {
      return thread.error();
    }
    threads_.push_back(std::move(*thread));
    begun.Wait();
    if (!attached) {
      return attached;
    }
  }
  expect();
  Result<Thread> thread = Thread::Start("vfsd-lock-retry", [enter, this] {
    enter();
    RunRetries();
  });
  if (!thread) {
    return thread.error();
  }
  threads_.push_back(std::move(*thread));
  return {};
}

void LockWaits::Add(LockWait wait) {
  Status refused;
  {
    const std::scoped_lock lock(lock_);
    // Looked at under the lock: the stop of a ring is wanted before EndUnwanted() takes it.
    if (wait.answer->unwanted()) {
      refused = Errno(EINTR);
    } else if (entries_.size() >= kMaxWaits) {
      refused = Errno(ENOLCK);
    } else {
      entries_.push_back({.wait = std::move(wait)});
      ++untaken_;
      ready_.notify_one();
      if (idle_ == 0) {
        WakeRetries();
      }
      return;
    }
  }
  wait.answer->Give(refused);
}

void LockWaits::Reconsider(NodeId node) {
  if (untaken_.load() == 0) {
    return;
  }
  const std::scoped_lock lock(lock_);
  bool concerned = false;
  for (Entry& entry : entries_) {
    if (entry.wait.node == node && entry.blocker == nullptr) {
      entry.due = concerned = true;
    }
  }
  if (concerned) {
    ready_.notify_all();
    WakeRetries();
  }
}

void LockWaits::EndUnwanted() {
  const std::scoped_lock lock(lock_);
  CancelIf([](const LockWait& wait) { return wait.answer->unwanted(); });
}

void LockWaits::EndHandle(NodeId node, FileHandle handle) {
  const std::scoped_lock lock(lock_);
  CancelIf([&](const LockWait& wait) { return wait.node == node && wait.handle == handle; });
}

void LockWaits::EndAll() {
  const std::scoped_lock lock(lock_);
  CancelIf([](const LockWait&) { return true; });
}

void LockWaits::CancelIf(const std::function<bool(const LockWait&)>& chosen) {
  for (Entry& entry : entries_) {
    if (!entry.cancelled && chosen(entry.wait)) {
      entry.cancelled = true;
      if (entry.blocker != nullptr) {
        entry.blocker->interrupter.Begin();
      }
      WakeRetries();
    }
  }
}

bool LockWaits::IsBehind(Place place) {
  return std::any_of(entries_.begin(), place, [&](const Entry& earlier) {
    return !earlier.cancelled && Follows(place->wait, earlier.wait);
  });
}

LockWaits::Place LockWaits::FindReady() {
  Place place = entries_.begin();
  while (place != entries_.end() && (place->taken || place->cancelled || IsBehind(place))) {
    ++place;
  }
  return place;
}

void LockWaits::WakeRetries() {
  retry_wanted_ = true;
  retry_.notify_one();
}

void LockWaits::Conclude(const Entry& entry, const Status& outcome) {
  if (outcome && entry.wait.description) {
    entry.wait.description->holds.store(true);
  }
  if (untaken_.load() == 0) {
    return;
  }
  for (Entry& other : entries_) {
    other.due = other.due || other.wait.node == entry.wait.node;
  }
  ready_.notify_all();
  if (idle_ == 0) {
    WakeRetries();
  }
}

void LockWaits::Answer(Entry& entry, const Status& outcome) {
  entry.wait.file = {};
  entry.wait.description = {};
  entry.wait.answer->Give(outcome);
}

void LockWaits::RunBlocker(const Blocker& self) {
  Lock lock(lock_);
  ++idle_;
  while (!ending_) {
    const Place place = FindReady();
    if (place == entries_.end()) {
      ready_.wait(lock);
      continue;
    }
    place->taken = true;
    --untaken_;
    --idle_;
    if (idle_ == 0 && untaken_.load() > 0) {
      WakeRetries();
    }
    const Status outcome = Block(lock, *place, self);
    ++idle_;
    Entries done;
    done.splice(done.begin(), entries_, place);
    Conclude(done.front(), outcome);
    lock.unlock();
    Answer(done.front(), outcome);
    done.clear();
    lock.lock();
  }
}

Status LockWaits::Block(Lock& lock, Entry& entry, const Blocker& self) {
  entry.blocker = &self;
  Status outcome = Errno(EINTR);
  // An interruption may have been meant for the wait before.
  while (!outcome && outcome.error() == Errno(EINTR) && !entry.cancelled) {
    lock.unlock();
    outcome = entry.wait.Wait();
    lock.lock();
  }
  entry.blocker = nullptr;
  if (entry.cancelled) {
    self.interrupter.End();
  }
  return outcome;
}

void LockWaits::RunRetries() {
  Lock lock(lock_);
  std::chrono::milliseconds interval = kShortestInterval;
  // Not put off by the passes in between, for which a busy guest may give a reason all the time.
  Clock::time_point next_all = Clock::now() + interval;
  while (!ending_) {
    retry_wanted_ = false;
    const bool all = Clock::now() >= next_all;
    const bool some_left = Pass(lock, all);
    const auto wanted = [this] { return retry_wanted_ || ending_; };
    if (!some_left) {
      retry_.wait(lock, wanted);
      interval = kShortestInterval;
      next_all = Clock::now() + interval;
      continue;
    }
    if (all) {
      interval = std::min(interval * 2, kLongestInterval);
      next_all = Clock::now() + interval;
    }
    retry_.wait_until(lock, next_all, wanted);
  }
}

bool LockWaits::Pass(Lock& lock, bool all) {
  bool some_left = false;
  // Answered when the lock is free again.
  std::vector<std::pair<Entries, Status>> done;
  for (Place place = entries_.begin(); place != entries_.end();) {
    Entry& entry = *place;
    if (entry.taken || (!entry.cancelled && IsBehind(place))) {
      ++place;
      continue;
    }
    // It still counts as one without a thread: it is to become due again meanwhile.
    entry.taken = true;
    Status outcome = Errno(EINTR);
    if (!entry.cancelled && (all || entry.due)) {
      entry.due = false;
      lock.unlock();
      outcome = entry.wait.Try();
      lock.lock();
    } else if (!entry.cancelled) {
      outcome = Errno(EAGAIN);
    }
    const bool busy = !outcome && outcome.error() == Errno(EAGAIN);
    if (busy && !entry.cancelled) {
      entry.taken = false;
      ready_.notify_one();
      some_left = true;
      ++place;
      continue;
    }
    --untaken_;
    auto& [ended, result] = done.emplace_back(Entries(), busy ? Status(Errno(EINTR)) : outcome);
    ended.splice(ended.begin(), entries_, place++);
    Conclude(ended.front(), result);
  }
  lock.unlock();
  for (auto& [entries, outcome] : done) {
    Answer(entries.front(), outcome);
  }
  done.clear();
  lock.lock();
  return some_left;
}

}  // namespace vfsd::fs::passthrough
