// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "abi/fuse.h"
#include "base/result.h"
#include "memory/segments.h"

namespace vfsd::fuse {

/**
 * The place of a reply's header, kept until the outcome is known. The guest may have cut it into as
 * many pieces as it has bytes. Good for as long as guest memory stays where it is.
 */
class ReplyPlace {
 public:
  /** Takes the header off the front of the reply's room. Precondition: it fits. */
  ReplyPlace(memory::SegmentCursor& reply, uint64_t unique) : unique_(unique) {
    reply.Detach(sizeof(abi::fuse_out_header), [this](void* piece, size_t size) {
      pieces_[count_++] = {piece, size};
    });
  }

  /** Fills the header in. Answers the reply's length, which is `length` when all went well. */
  uint32_t Fill(const Status& outcome, uint32_t length = sizeof(abi::fuse_out_header)) const {
    const abi::fuse_out_header header = {
        .len = outcome ? length : static_cast<uint32_t>(sizeof header),
        .error = outcome ? 0 : -outcome.error().value(),
        .unique = unique_};
    const auto* bytes = reinterpret_cast<const std::byte*>(&header);
    for (const iovec& piece : std::span(pieces_).first(count_)) {
      std::memcpy(piece.iov_base, bytes, piece.iov_len);
      bytes += piece.iov_len;
    }
    return header.len;
  }

 private:
  std::array<iovec, sizeof(abi::fuse_out_header)> pieces_;
  size_t count_ = 0;
  uint64_t unique_;
};

}  // namespace vfsd::fuse
