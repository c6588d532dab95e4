// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "engine/event_sink.h"
#include "engine/poll_window.h"
#include "metrics/counter.h"
#include "vring/split_ring.h"

namespace vfsd::engine {

/**
 * A virtqueue at work: its ring, its kick and call descriptors, and who works on it.
 *
 * One thread at a time *leads*: it alone takes requests and waits for kicks. Requests that it hands
 * the lead over for go on *outside* of it, on the thread that led before; those whose answer is
 * deferred do so on no thread. A stop is complete when nobody leads and nothing is outside.
 */
class Queue {
 public:
  /** What the queue carries, which says how soon it has to be looked at. */
  enum class Carries : uint8_t {
    kRequests,
    /** Requests that nobody waits for an answer of: the high-priority queue's (virtio 1.3, 5.11.2).
     */
    kForgets,
  };

  /** @param poll_limit_ns how long the leader may look for a request before it sleeps */
  Queue(uint16_t index, Carries carries, uint32_t poll_limit_ns, EventSink& sink)
      : index_(index), carries_(carries), window_(poll_limit_ns), sink_(sink) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  uint16_t index() const { return index_; }

  /** What its leader has counted. */
  struct Counts {
    /** Looks at the ring that found a request, and those that did not. */
    metrics::Counter polls_found;
    metrics::Counter polls_missed;
    metrics::Counter sleeps;
    metrics::Counter ring_errors;
  };
  const Counts& counts() const { return counts_; }

  // For the control thread.

  /** How many requests wait for an answer without a thread. */
  int deferred() {
    const std::scoped_lock lock(work_lock_);
    return deferred_;
  }

  /** Sets the ring up. The caller then gives the lead to a thread. Precondition: !running(). */
  Status Start(const vring::SplitRing& ring, UniqueFd kick, UniqueFd call);

  /** Asks for the end; EventSink::RingStopped tells when it has come, perhaps before this returns.
   */
  void RequestStop();

  /** Lets go of what the last run held, once its end has been reported. */
  void Release();

  /** Calls the driver through it, too: it may have been owed a call by the last one, or by an
   * earlier process. */
  void SetCall(UniqueFd call);

  /** From Start() until RingStopped is reported. */
  bool running();

  // For the thread that leads.

  using Taken = vring::SplitRing::Taken;

  /** Takes a request. After kBroken nothing more can be taken, and the lead is to be given up. */
  Taken Take(vring::DescriptorChain& chain);

  bool stop_requested() const { return stop_requested_.load(std::memory_order_acquire); }

  /**
   * Returns when there may be something to take, or a stop was requested. Looks at the ring for a
   * while, where that has been worth it, and sleeps then.
   */
  void Wait();

  /** The lead ends without a successor. */
  void GiveUpLead();

  /** A request goes on outside of the lead: its thread is about to hand that over. */
  void MoveOutside();

  // For the thread that has served a request.

  /**
   * Gives the buffers back. The driver is told at the next FlushCall, or now when enough have
   * gathered.
   *
   * @param moved how many bytes the request has moved, which is what it took time for
   */
  void Complete(uint16_t head, uint32_t written, uint64_t moved);

  /** Tells the driver of what has been completed, if it wants to know. */
  void FlushCall();

  /** A request outside of the lead has been completed. */
  void LeaveOutside();

  // For answers that are deferred.

  /**
   * Moves a request outside until it has its answer. False: so many others wait for theirs that the
   * driver might soon have no descriptors left for what they wait for, such as an unlock.
   * Precondition: the caller leads, or is outside itself.
   */
  bool BeginDeferred();

  /** It has been completed. */
  void EndDeferred();

 private:
  using Clock = std::chrono::steady_clock;

  // The share of a ring's descriptors that deferred answers may keep: a quarter.
  static constexpr int kDeferredShare = 4;
  // How many descriptors a request takes without indirect ones: two that the device reads, and two
  // that it writes.
  static constexpr int kDirectDescriptors = 4;

  // How many answers a busy queue gathers before it tells the driver of them, and how many bytes
  // take as long to move as another answer takes to give. The driver has its own work with what it
  // gets, and should not begin with it much later.
  static constexpr uint64_t kCallBatch = 16;
  static constexpr uint64_t kBytesLikeAnAnswer = 16 << 10;

  // While the leader looks: for how long it keeps its CPU before it offers it to others, at the
  // price of two system calls; and how long a look at the ring takes when nobody comes between.
  static constexpr std::chrono::nanoseconds kUnshared{2'000};
  static constexpr std::chrono::nanoseconds kUnbroken{1'000};

  // How long FORGETs gather before they are looked at, and how many of them are not kept waiting:
  // few enough that no driver runs out of descriptors.
  static constexpr int kGatherMs = 1;
  static constexpr uint16_t kGatherMost = 16;
  // To gather for nothing takes as long as hundreds of FORGETs.
  static constexpr uint32_t kGatherBackOff = 1 << 16;

  enum class Looked : uint8_t { kFound, kNothing, kDisturbed };
  /** Looks at the ring, which has been dry since `dry`, for as long as the window allows. */
  Looked Look(Clock::time_point dry);
  /** Returns when there is something to take: looks at the ring for a while and sleeps then. */
  void LookAndSleep();
  /** Sleeps until there is something to take. */
  void Sleep();
  /** Lets FORGETs gather for a while. False: none came, or the driver cannot be asked to. */
  bool Gather();
  /** Until a kick, a stop or the time, in milliseconds; -1: for ever. False: the time has passed.
   */
  bool SleepInKernel(int timeout_ms) const;

  /**
   * Excludes others from the ring's used side, if there can be any. While nothing is outside only
   * the leader completes requests, and only it can move one outside: most requests need no lock.
   */
  std::unique_lock<std::mutex> ForUsedSide() {
    // Acquire: pairs with the release by whoever was outside last, whose entries are to be seen.
    return outside_.load(std::memory_order_acquire) > 0 ? std::unique_lock(used_lock_)
                                                        : std::unique_lock<std::mutex>();
  }

  /** Signals the call descriptor, if there is one. */
  void Call();

  /** With the lock held: reports the stop once it is complete. */
  void ReportIfStopped();

  const uint16_t index_;
  const Carries carries_;

  // The leader's, as are the two about FORGETs; giving the lead is the barrier.
  PollWindow window_;
  // The driver was seen to work on another CPU while this side looked, and may sleep by now: it is
  // told of the first answer at once, so that it wakes up while the others are made. On one CPU it
  // would only take this one away.
  std::atomic<bool> tell_first_ = false;
  // Whether more FORGETs are waited for before these are looked at.
  bool gathers_ = false;
  mutable Counts counts_;
  BackOff gather_back_off_{kGatherBackOff};

  EventSink& sink_;

  // Written by the control thread while nobody leads; read by the leader. Giving the lead is the
  // barrier.
  std::optional<vring::SplitRing> ring_;
  UniqueFd kick_;
  UniqueFd epoll_;
  UniqueFd wake_;
  bool started_ = false;  // the control thread's own: started, and no stop requested
  std::atomic<bool> stop_requested_ = false;

  // Guards the ring's used side and how much of it the driver has not been told of, but see
  // ForUsedSide(). A leaf lock, this queue's only.
  std::mutex used_lock_;
  uint64_t uncalled_ = 0;

  // Guards which call descriptor there is. A leaf lock: nobody holds it while calling, since the
  // descriptor is the front-end's, which may make it one that has to be waited for.
  std::mutex call_lock_;
  std::shared_ptr<const UniqueFd> call_;

  // Guards who works on the queue. Taken by itself only. `outside_` is read without it, too.
  std::mutex work_lock_;
  bool led_ = false;
  std::atomic<int> outside_ = 0;
  int deferred_ = 0;
  bool stop_reported_ = false;
};

}  // namespace vfsd::engine
