// SPDX-License-Identifier: Apache-2.0
#include "engine/deferred_reply.h"

namespace vfsd::engine {

std::unique_ptr<fuse::DeferredAnswer> DeferredReply::Begin(Queue& queue, uint16_t head,
                                                           const fuse::ReplyPlace& place) {
  return queue.BeginDeferred()
             ? std::unique_ptr<fuse::DeferredAnswer>(new DeferredReply(queue, head, place))
             : nullptr;
}

DeferredReply::~DeferredReply() {
  if (!given_) {
    Give(Errno(EINTR));
  }
}

void DeferredReply::Give(const Status& outcome) {
  given_ = true;
  queue_.Complete(head_, place_.Fill(outcome), 0);
  queue_.FlushCall();
  queue_.EndDeferred();
}

}  // namespace vfsd::engine
