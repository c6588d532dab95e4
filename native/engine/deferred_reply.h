// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "engine/queue.h"
#include "fuse/deferral.h"

namespace vfsd::engine {

/**
 * A request that was taken from a queue and waits for its answer without a thread. It is outside of
 * the lead until it has one, so that the queue does not stop before, and what it refers to in guest
 * memory stays.
 */
class DeferredReply final : public fuse::DeferredAnswer {
 public:
  /** By the thread that serves the request. Null: too many of the queue's are deferred already. */
  static std::unique_ptr<fuse::DeferredAnswer> Begin(Queue& queue, uint16_t head,
                                                     const fuse::ReplyPlace& place);
  ~DeferredReply() override;

  void Give(const Status& outcome) override;
  bool unwanted() const override { return queue_.stop_requested(); }

 private:
  DeferredReply(Queue& queue, uint16_t head, const fuse::ReplyPlace& place)
      : queue_(queue), place_(place), head_(head) {}

  Queue& queue_;
  const fuse::ReplyPlace place_;
  const uint16_t head_;
  bool given_ = false;
};

}  // namespace vfsd::engine
