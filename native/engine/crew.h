// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/semaphore.h"
#include "base/thread.h"
#include "engine/queue.h"
#include "fuse/request.h"
#include "fuse/server.h"
#include "metrics/thread_metrics.h"
#include "sys/thread_seal.h"
#include "sys/tick_clock.h"
#include "vring/descriptor_chain.h"

namespace vfsd::engine {

class Crew;

/** From which duration on a request is reported, and whether the reader has been told of some. */
struct SlowLimit {
  EventSink& sink;
  const uint64_t nanoseconds;
  std::atomic<bool> told = false;
};

/** A thread that leads queues, and what it needs to serve a request: allocated once. */
class Worker final : private fuse::SleepNotice, private fuse::Deferrer {
 public:
  Worker(Crew& crew, fuse::Server& server, SlowLimit& slow_limit, size_t queues)
      : crew_(crew), server_(server), slow_limit_(slow_limit), metrics_(queues) {}

  /** Leads whatever it is given until the crew ends. */
  void Run();

  metrics::ThreadMetrics& metrics() { return metrics_; }

 private:
  friend class Crew;

  void Lead(Queue& queue);
  /** Serves the request in `chain_`. False when the lead was handed over meanwhile. */
  bool Serve(Queue& queue);
  /** Counts the request that has just been served. In a run of requests one ends when the next one
   * begins, so that each costs one look at the clock. */
  void Count(const metrics::Served& served, uint64_t readable, uint64_t written);

  /** Hands the lead of its queue to a thread that stands by, now or as soon as there is one, so
   * that the queue goes on. */
  void AboutToSleep() override;

  /** Lets the request at hand be answered by whoever has the answer. */
  std::unique_ptr<fuse::DeferredAnswer> Defer(const fuse::ReplyPlace& place) override;

  Crew& crew_;
  fuse::Server& server_;
  vring::DescriptorChain chain_;
  fuse::RequestBuffers buffers_;
  /** The queue of the request at hand. */
  Queue* serves_ = nullptr;
  /** The queue that this thread leads now; null while it is parked or serves a request outside of
   * the lead. While it `waits_for_successor_`, only the crew knows whether it still leads. */
  Queue* leads_ = nullptr;
  bool waits_for_successor_ = false;
  SlowLimit& slow_limit_;
  metrics::ThreadMetrics metrics_;
  /** When the request at hand was taken. */
  uint64_t begin_ = 0;
  const sys::TickClock clock_ = sys::TickClock::OfThisMachine();
  bool slept_ = false;

  /** What it is to lead next; null: to end. Written before `go_` is posted, by whoever took it
   * from the parked. */
  Queue* next_ = nullptr;
  Semaphore go_;
};

/**
 * All threads of the data plane. Every thread can lead every queue; those that lead none are
 * parked.
 *
 * So many threads that each queue can be led at any time: a hand-over takes only a thread that no
 * queue may need.
 */
class Crew {
 public:
  /** @param slow_ns from which duration on `sink` is told of a request; 0: of none */
  Crew(fuse::Server& server, EventSink& sink, uint64_t slow_ns)
      : server_(server),
        slow_limit_{.sink = sink, .nanoseconds = slow_ns == 0 ? UINT64_MAX : slow_ns} {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  /** Precondition: no queue is led. */
  ~Crew();

  /**
   * Creates all threads: one for each of `queues`, and `followers` more. They stand at `seal`
   * first; null: there is none. To be called once.
   */
  Status Start(size_t queues, size_t followers, sys::ThreadSeal* seal);

  /** Gives the lead of a queue that has just been started to a parked thread. */
  void BeginLead(Queue& queue);

  /** Calls back with the metrics of each thread. By the control thread. */
  template <typename Visit>
  void VisitMetrics(Visit visit) {
    for (const auto& worker : workers_) {
      visit(worker->metrics());
    }
  }

  /** The sink is to be told of the slow requests that come from now on. */
  void ListenForSlowRequests() { slow_limit_.told.store(false, std::memory_order_seq_cst); }

 private:
  friend class Worker;

  /** Parks the calling worker until there is a queue for it; null: the crew ends. */
  Queue* Park(Worker& worker);
  /** A queue's lead ended without a successor. */
  void EndLead();
  /**
   * Gives the lead to a follower. False when none is free: then the next that becomes free takes
   * it, unless KeepLead() comes first.
   */
  bool HandOver(Worker& worker, Queue& queue);
  /** After a HandOver() that was false. False: the lead has been taken meanwhile. */
  bool KeepLead(Worker& worker);
  /** With the lock held: makes the worker that was parked last, whose caches are warm, lead
   * `queue`. */
  void WakeOne(Queue* queue);

  fuse::Server& server_;
  SlowLimit slow_limit_;
  std::vector<std::unique_ptr<Worker>> workers_;

  std::mutex lock_;
  std::vector<Worker*> parked_;
  /** Queues without a leader, for the threads that are parked next. */
  std::vector<Queue*> waiting_;
  /** Leaders that sleep, and the queues that stand still for it: one for each queue at most. */
  struct Sleeper {
    Worker* worker;
    Queue* queue;
  };
  std::vector<Sleeper> sleepers_;
  /** Parked threads that are kept for queues which nobody leads yet. */
  size_t reserved_ = 0;
  bool ending_ = false;

  // Last: the threads end before what they use.
  std::vector<Thread> threads_;
};

}  // namespace vfsd::engine
