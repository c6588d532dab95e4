// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/semaphore.h"
#include "base/thread.h"
#include "engine/queue.h"
#include "fuse/request.h"
#include "fuse/server.h"
#include "sys/thread_seal.h"
#include "vring/descriptor_chain.h"

namespace vfsd::engine {

class Crew;

/** A thread that leads queues, and what it needs to serve a request: allocated once. */
class Worker final : private fuse::SleepNotice, private fuse::Deferrer {
 public:
  Worker(Crew& crew, fuse::Server& server) : crew_(crew), server_(server) {}

  /** Leads whatever it is given until the crew ends. */
  void Run();

 private:
  friend class Crew;

  void Lead(Queue& queue);
  /** Serves the request in `chain_`. False when the lead was handed over meanwhile. */
  bool Serve(Queue& queue);

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
  explicit Crew(fuse::Server& server) : server_(server) {}
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
