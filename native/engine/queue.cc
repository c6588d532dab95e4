// SPDX-License-Identifier: Apache-2.0
#include "engine/queue.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/cpu_relax.h"
#include "base/eventfd.h"
#include "base/retry.h"
#include "memory/fault_guard.h"
#include "sys/cpu_rivals.h"

namespace vfsd::engine {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t NanosecondsSince(Clock::time_point begin, Clock::time_point end = Clock::now()) {
  return static_cast<uint64_t>(std::chrono::nanoseconds(end - begin).count());
}

}  // namespace

Status Queue::Start(const vring::SplitRing& ring, UniqueFd kick, UniqueFd call) {
  Result<UniqueFd> epoll = RetryFd([] { return epoll_create1(EPOLL_CLOEXEC); });
  Result<UniqueFd> wake = RetryFd([] { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
  if (!epoll || !wake) {
    return epoll ? wake.error() : epoll.error();
  }
  // Edge-triggered: a kick is seen without the kick's counter being read, which saves a call at
  // each wake-up.
  epoll_event on_kick = {.events = EPOLLIN | EPOLLET, .data = {.fd = kick.get()}};
  epoll_event on_wake = {.events = EPOLLIN, .data = {.fd = wake->get()}};
  if (epoll_ctl(epoll->get(), EPOLL_CTL_ADD, kick.get(), &on_kick) != 0 ||
      epoll_ctl(epoll->get(), EPOLL_CTL_ADD, wake->get(), &on_wake) != 0) {
    return Errno::Last();
  }
  ring_ = ring;
  kick_ = std::move(kick);
  epoll_ = std::move(*epoll);
  wake_ = std::move(*wake);
  stop_requested_.store(false, std::memory_order_relaxed);
  SetCall(std::move(call));
  uncalled_ = 0;
  started_ = true;
  const std::scoped_lock lock(work_lock_);
  led_ = true;
  stop_reported_ = false;
  return {};
}

void Queue::RequestStop() {
  if (!started_) {
    // A stop that is under way reports itself.
    if (running()) {
      return;
    }
    // The base of the last run, or 0 before the first.
    sink_.RingStopped(index_, ring_ ? ring_->available_base() : 0);
    return;
  }
  started_ = false;
  stop_requested_.store(true, std::memory_order_release);
  // An eventfd with room cannot fail to be signalled.
  static_cast<void>(SignalEventfd(wake_.get()));
  // A broken ring has nobody left who would notice.
  const std::scoped_lock lock(work_lock_);
  ReportIfStopped();
}

bool Queue::running() {
  const std::scoped_lock lock(work_lock_);
  return started_ || led_ || outside_ > 0;
}

void Queue::Release() {
  if (running()) {
    return;
  }
  epoll_.Reset();
  wake_.Reset();
  kick_.Reset();
  SetCall(UniqueFd());
}

void Queue::SetCall(UniqueFd call) {
  auto given = std::make_shared<const UniqueFd>(std::move(call));
  {
    // The last one is closed behind the lock.
    const std::scoped_lock lock(call_lock_);
    call_.swap(given);
  }
  Call();
}

Queue::Taken Queue::Take(vring::DescriptorChain& chain) {
  vring::RingError error = vring::RingError::kNone;
  Taken taken = ring_->Take(chain, error);
  if (memory::FaultGuard::Tripped()) {
    // What has been read may be zeros in the place of the driver's words.
    error = vring::RingError::kMemoryLost;
    taken = Taken::kBroken;
  }
  if (taken == Taken::kBroken) {
    counts_.ring_errors.Add();
    sink_.RingBroken(index_, vring::Describe(error));
  }
  return taken;
}

void Queue::Wait() {
  if (gathers_ && Gather()) {
    return;
  }
  LookAndSleep();
  gathers_ = carries_ == Carries::kForgets && !gather_back_off_.Holds();
}

void Queue::LookAndSleep() {
  if (!window_.Measures()) {
    Sleep();
    return;
  }
  const Clock::time_point dry = Clock::now();
  switch (Look(dry)) {
    case Looked::kFound:
      counts_.polls_found.Add();
      tell_first_.store(true, std::memory_order_relaxed);
      return;
    case Looked::kDisturbed:
      counts_.polls_missed.Add();
      Sleep();
      return;
    case Looked::kNothing:
      counts_.polls_missed.Add();
      Sleep();
      window_.Slept(NanosecondsSince(dry));
      return;
  }
}

Queue::Looked Queue::Look(Clock::time_point dry) {
  const Clock::time_point deadline = dry + std::chrono::nanoseconds(window_.length());
  Clock::time_point offer = dry + kUnshared;
  std::optional<sys::CpuRivals> rivals;
  for (Clock::time_point last = dry; last < deadline;) {
    const bool found = ring_->HasAvailable() || stop_requested();
    const Clock::time_point now = Clock::now();
    if (now - last > kUnbroken) {
      window_.Disturbed(NanosecondsSince(last, now));
      return Looked::kDisturbed;
    }
    if (found) {
      window_.Found(NanosecondsSince(dry, now));
      return Looked::kFound;
    }
    last = now;
    if (now > offer) {
      if (!rivals) {
        rivals.emplace();
      }
      if (rivals->Yield()) {
        window_.Disturbed(NanosecondsSince(now));
        return Looked::kDisturbed;
      }
      last = Clock::now();
      offer = last + kUnshared;
    }
    CpuRelax();
  }
  return Looked::kNothing;
}

bool Queue::Gather() {
  const auto most = std::min<uint16_t>(kGatherMost, ring_->size() / 2);
  if (most == 0 || !ring_->EnableKicksAfter(most)) {
    return false;
  }
  const bool was_woken = SleepInKernel(kGatherMs);
  ring_->DisableKicks();
  const uint16_t came = ring_->Waiting();
  // A driver that waits for each of them is not to wait for a second one to come.
  gathers_ = came > 1;
  if (gathers_) {
    gather_back_off_.Forgive();
  } else if (!was_woken) {
    gather_back_off_.Failed();
  }
  return came > 0 || stop_requested();
}

void Queue::Sleep() {
  ring_->EnableKicks();
  if (!ring_->HasAvailable()) {
    SleepInKernel(-1);
  }
  ring_->DisableKicks();
}

bool Queue::SleepInKernel(int timeout_ms) const {
  epoll_event event;
  counts_.sleeps.Add();
  // An interrupted or spurious wait only costs another look at the ring.
  return epoll_wait(epoll_.get(), &event, 1, timeout_ms) != 0;
}

void Queue::GiveUpLead() {
  const std::scoped_lock lock(work_lock_);
  led_ = false;
  ReportIfStopped();
}

void Queue::MoveOutside() {
  const std::scoped_lock lock(work_lock_);
  ++outside_;
}

void Queue::LeaveOutside() {
  const std::scoped_lock lock(work_lock_);
  --outside_;
  ReportIfStopped();
}

bool Queue::BeginDeferred() {
  const int descriptors = ring_->indirect() ? 1 : kDirectDescriptors;
  const std::scoped_lock lock(work_lock_);
  if (deferred_ >= ring_->size() / (kDeferredShare * descriptors)) {
    return false;
  }
  ++deferred_;
  ++outside_;
  return true;
}

void Queue::EndDeferred() {
  const std::scoped_lock lock(work_lock_);
  --deferred_;
  --outside_;
  ReportIfStopped();
}

void Queue::ReportIfStopped() {
  if (stop_requested_.load(std::memory_order_relaxed) && !led_ && outside_ == 0 &&
      !stop_reported_) {
    stop_reported_ = true;
    sink_.RingStopped(index_, ring_->available_base());
  }
}

void Queue::Complete(uint16_t head, uint32_t written, uint64_t moved) {
  bool full;
  {
    const auto lock = ForUsedSide();
    ring_->PutUsed(head, written);
    uncalled_ += 1 + moved / kBytesLikeAnAnswer;
    full = uncalled_ >= kCallBatch;
  }
  if (full || tell_first_.load(std::memory_order_relaxed)) {
    tell_first_.store(false, std::memory_order_relaxed);
    FlushCall();
  }
}

void Queue::FlushCall() {
  {
    const auto lock = ForUsedSide();
    uncalled_ = 0;
    if (!ring_->TakeCallDecision()) {
      return;
    }
  }
  Call();
}

void Queue::Call() {
  std::shared_ptr<const UniqueFd> call;
  {
    const std::scoped_lock lock(call_lock_);
    call = call_;
  }
  if (call != nullptr && *call) {
    // The front-end's descriptor: if it is no eventfd, nobody is told, and that is all.
    static_cast<void>(SignalEventfd(call->get()));
  }
}

}  // namespace vfsd::engine
