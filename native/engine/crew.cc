// SPDX-License-Identifier: Apache-2.0
#include "engine/crew.h"

#include <optional>
#include <string>
#include <utility>

#include "engine/deferred_reply.h"

namespace vfsd::engine {

void Worker::Run() {
  while (Queue* queue = crew_.Park(*this)) {
    Lead(*queue);
  }
}

void Worker::Lead(Queue& queue) {
  begin_ = clock_.Now();
  while (!queue.stop_requested()) {
    switch (queue.Take(chain_)) {
      case Queue::Taken::kChain:
        if (!Serve(queue)) {
          return;
        }
        break;
      case Queue::Taken::kNothing:
        queue.FlushCall();
        queue.Wait();
        begin_ = clock_.Now();
        break;
      case Queue::Taken::kBroken:
        queue.FlushCall();
        crew_.EndLead();
        queue.GiveUpLead();
        return;
    }
  }
  queue.FlushCall();
  // The crew first: once the stop is reported, the queue may be started again and needs a thread.
  crew_.EndLead();
  queue.GiveUpLead();
}

bool Worker::Serve(Queue& queue) {
  leads_ = serves_ = &queue;
  const uint16_t head = chain_.head;
  metrics_.Took(queue.index());
  metrics::Served served;
  const std::optional<uint32_t> written = server_.Serve(chain_, buffers_, *this, *this, served);
  if (written) {
    queue.Complete(head, *written, chain_.readable.bytes() + *written);
  }
  Count(served, chain_.readable.bytes(), written.value_or(0));
  if (std::exchange(waits_for_successor_, false)) {
    if (crew_.KeepLead(*this)) {
      queue.LeaveOutside();
    } else {
      leads_ = nullptr;
    }
  }
  if (leads_ != nullptr) {
    return true;
  }
  queue.FlushCall();
  queue.LeaveOutside();
  return false;
}

void Worker::Count(const metrics::Served& served, uint64_t readable, uint64_t written) {
  const uint64_t end = clock_.Now();
  const uint64_t nanoseconds = clock_.Between(std::exchange(begin_, end), end);
  const bool slept = std::exchange(slept_, false);
  metrics_.Count(serves_->index(), served, nanoseconds, readable, written);
  if (nanoseconds < slow_limit_.nanoseconds) {
    return;
  }
  metrics_.slow().Put({.opcode = served.opcode,
                       .queue = serves_->index(),
                       .slept = slept,
                       .error = served.error,
                       .node = served.node,
                       .nanoseconds = nanoseconds});
  // After the request: who clears the flag and finds nothing is told of it.
  if (!slow_limit_.told.exchange(true, std::memory_order_seq_cst)) {
    slow_limit_.sink.SlowRequests();
  }
}

void Worker::AboutToSleep() {
  slept_ = true;
  if (leads_ == nullptr || waits_for_successor_) {
    return;
  }
  // Nobody shall wait for answers that are ready.
  leads_->FlushCall();
  // Before the hand-over: a stop must not be complete between the two.
  leads_->MoveOutside();
  if (crew_.HandOver(*this, *leads_)) {
    leads_ = nullptr;
  } else {
    waits_for_successor_ = true;
  }
}

std::unique_ptr<fuse::DeferredAnswer> Worker::Defer(const fuse::ReplyPlace& place) {
  return DeferredReply::Begin(*serves_, chain_.head, place);
}

Crew::~Crew() {
  const std::scoped_lock lock(lock_);
  ending_ = true;
  while (!parked_.empty()) {
    WakeOne(nullptr);
  }
}

Status Crew::Start(size_t queues, size_t followers, sys::ThreadSeal* seal) {
  reserved_ = queues;
  const size_t count = queues + followers;
  workers_.reserve(count);
  threads_.reserve(count);
  parked_.reserve(count);
  sleepers_.reserve(queues);
  for (size_t i = 0; i < count; ++i) {
    Worker& worker =
        *workers_.emplace_back(std::make_unique<Worker>(*this, server_, slow_limit_, queues));
    if (seal != nullptr) {
      seal->Expect();
    }
    Result<Thread> thread = Thread::Start("vfsd-data-" + std::to_string(i), [&worker, seal] {
      if (seal != nullptr) {
        seal->Enter();
      }
      worker.Run();
    });
    if (!thread) {
      return thread.error();
    }
    threads_.push_back(std::move(*thread));
  }
  return {};
}

void Crew::BeginLead(Queue& queue) {
  const std::scoped_lock lock(lock_);
  --reserved_;
  if (parked_.empty()) {
    // Its thread is on the way to be parked: it has just been created, or has given up another
    // lead.
    waiting_.push_back(&queue);
    return;
  }
  WakeOne(&queue);
}

Queue* Crew::Park(Worker& worker) {
  {
    const std::scoped_lock lock(lock_);
    if (ending_) {
      return nullptr;
    }
    if (!waiting_.empty()) {
      Queue* queue = waiting_.back();
      waiting_.pop_back();
      return queue;
    }
    if (!sleepers_.empty() && parked_.size() >= reserved_) {
      // The one that has waited longest.
      Queue* queue = sleepers_.front().queue;
      sleepers_.erase(sleepers_.begin());
      return queue;
    }
    parked_.push_back(&worker);
  }
  worker.go_.Wait();
  return worker.next_;
}

void Crew::EndLead() {
  const std::scoped_lock lock(lock_);
  ++reserved_;
}

bool Crew::HandOver(Worker& worker, Queue& queue) {
  const std::scoped_lock lock(lock_);
  if (parked_.size() <= reserved_) {
    sleepers_.push_back({&worker, &queue});
    return false;
  }
  WakeOne(&queue);
  return true;
}

bool Crew::KeepLead(Worker& worker) {
  const std::scoped_lock lock(lock_);
  return std::erase_if(sleepers_, [&](const Sleeper& s) { return s.worker == &worker; }) > 0;
}

void Crew::WakeOne(Queue* queue) {
  Worker* worker = parked_.back();
  parked_.pop_back();
  worker->next_ = queue;
  worker->go_.Post();
}

}  // namespace vfsd::engine
