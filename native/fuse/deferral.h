// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "fuse/reply_place.h"

namespace vfsd::fuse {

/**
 * The answer to a request that its thread has left. Given once, by any thread; one that is dropped
 * without having been given is EINTR.
 */
class DeferredAnswer {
 public:
  DeferredAnswer() = default;
  DeferredAnswer(const DeferredAnswer&) = delete;
  DeferredAnswer& operator=(const DeferredAnswer&) = delete;
  virtual ~DeferredAnswer() = default;

  virtual void Give(const Status& outcome) = 0;

  /** The ring that it goes to is to stop, and waits for it: the sooner it is given the better. */
  virtual bool unwanted() const = 0;
};

/** Lets requests be answered later. */
class Deferrer {
 public:
  /** Null: too many answers are deferred already. */
  virtual std::unique_ptr<DeferredAnswer> Defer(const ReplyPlace& place) = 0;

 protected:
  ~Deferrer() = default;
};

/** One request's chance to be answered later: with its status alone, without a body. */
class Deferral {
 public:
  Deferral(Deferrer& deferrer, const ReplyPlace& place) : deferrer_(deferrer), place_(place) {}

  /**
   * To be called once at most. From here on, what the operation itself answers goes nowhere; unless
   * this is null, since too many others wait for their answers.
   */
  std::unique_ptr<DeferredAnswer> Defer() {
    std::unique_ptr<DeferredAnswer> answer = deferrer_.Defer(place_);
    deferred_ = answer != nullptr;
    return answer;
  }

  bool deferred() const { return deferred_; }

 private:
  Deferrer& deferrer_;
  const ReplyPlace& place_;
  bool deferred_ = false;
};

}  // namespace vfsd::fuse
