// SPDX-License-Identifier: Apache-2.0
#include "engine/deferred_reply.h"

namespace vfsd::engine {

DeferredReply::DeferredReply(Queue& queue, uint16_t head, const fuse::ReplyPlace& place)
    : queue_(queue), place_(place), head_(head) {
  queue_.MoveOutside();
}

DeferredReply::~DeferredReply() {
  if (!given_) {
    Give(Errno(EINTR));
  }
}

void DeferredReply::Give(const Status& outcome) {
  given_ = true;
  queue_.Complete(head_, place_.Fill(outcome));
  queue_.FlushCall();
  queue_.LeaveOutside();
}

}  // namespace vfsd::engine
