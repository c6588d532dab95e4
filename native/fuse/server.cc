// SPDX-License-Identifier: Apache-2.0
#include "fuse/server.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>

namespace vfsd::fuse {
namespace {

using abi::fuse_in_header;
using abi::fuse_out_header;
using memory::SegmentCursor;

/**
 * The place of the reply's header, kept until the outcome is known. The guest may have cut it into
 * as many pieces as it has bytes.
 */
class HeaderPlace {
 public:
  explicit HeaderPlace(SegmentCursor& reply) {
    reply.Detach(sizeof(fuse_out_header), [this](void* piece, size_t size) {
      pieces_[count_++] = {piece, size};
    });
  }

  void Fill(const fuse_out_header& header) const {
    const auto* bytes = reinterpret_cast<const std::byte*>(&header);
    for (const iovec& piece : std::span(pieces_).first(count_)) {
      std::memcpy(piece.iov_base, bytes, piece.iov_len);
      bytes += piece.iov_len;
    }
  }

 private:
  std::array<iovec, sizeof(fuse_out_header)> pieces_;
  size_t count_ = 0;
};

/** Copies the arguments into private memory; what a data-carrying request has beyond its fixed part
 * stays. */
Status CopyBody(const Operation& operation, const fuse_in_header& header, SegmentCursor readable,
                std::span<std::byte> input, Request& request) {
  // fuse_in_header.len counts the header and must be covered by what was sent.
  if (header.len < sizeof header || header.len - sizeof header > readable.remaining()) {
    return Errno(EINVAL);
  }
  readable.Limit(header.len - sizeof header);
  const bool data_follows = (operation.flags & kDataFollows) != 0;
  const uint64_t length = data_follows
                              ? std::min<uint64_t>(operation.minimum_body, readable.remaining())
                              : readable.remaining();
  if (length < operation.minimum_body) {
    return Errno(EINVAL);
  }
  if (length > input.size()) {
    return Errno(E2BIG);
  }
  readable.Read(input.data(), length);
  request.body = RequestBody(input.first(length));
  request.data = readable;
  return {};
}

}  // namespace

Status Server::Run(const Operation& operation, Request& request, SegmentCursor readable,
                   std::span<std::byte> input) {
  if (!session_.active() && (operation.flags & kWithoutSession) == 0) {
    return Errno(ENOTCONN);
  }
  if (request.reply.remaining() < operation.minimum_reply) {
    return Errno(EIO);
  }
  const Status copied = CopyBody(operation, request.header, readable, input, request);
  return copied ? operation.handler(service_, request) : copied;
}

uint32_t Server::Serve(vring::DescriptorChain& chain, RequestBuffers& buffers, SleepNotice& sleep) {
  SegmentCursor readable(chain.readable);
  fuse_in_header header;
  if (!readable.Read(&header, sizeof header)) {
    // Nobody to answer: there is not even a `unique`.
    return 0;
  }
  const RequestContext context = {{identity::GuestUid{header.uid}, identity::GuestGid{header.gid}},
                                  session_.negotiated(),
                                  sleep};
  Request request{header, context, {}, {}, SegmentCursor(chain.writable), buffers.output()};
  const Operation* operation = FindOperation(header.opcode);
  if (operation != nullptr && (operation->flags & kNoReply) != 0) {
    // A request without a reply has nobody to tell of its failure either.
    static_cast<void>(Run(*operation, request, readable, buffers.input()));
    return 0;
  }
  if (request.reply.remaining() < sizeof(fuse_out_header)) {
    return 0;
  }
  const HeaderPlace place(request.reply);
  const Status outcome = operation == nullptr ? Status(Errno(ENOSYS))
                                              : Run(*operation, request, readable, buffers.input());
  const auto length =
      static_cast<uint32_t>(outcome ? request.reply.consumed() : sizeof(fuse_out_header));
  place.Fill({length, outcome ? 0 : -outcome.error().value(), header.unique});
  return length;
}

}  // namespace vfsd::fuse
