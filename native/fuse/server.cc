// SPDX-License-Identifier: Apache-2.0
#include "fuse/server.h"

#include <algorithm>

namespace vfsd::fuse {
namespace {

using abi::fuse_in_header;
using abi::fuse_out_header;
using memory::SegmentCursor;

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

std::optional<uint32_t> Server::Serve(vring::DescriptorChain& chain, RequestBuffers& buffers,
                                      SleepNotice& sleep, Deferrer& deferrer,
                                      metrics::Served& served) {
  SegmentCursor readable(chain.readable);
  fuse_in_header header;
  if (!readable.Read(&header, sizeof header)) {
    // Nobody to answer: there is not even a `unique`.
    served = {.error = EINVAL};
    return 0;
  }
  served = {.opcode = header.opcode, .node = header.nodeid};
  const RequestContext context = {{identity::GuestUid{header.uid}, identity::GuestGid{header.gid}},
                                  session_.negotiated(),
                                  sleep};
  Request request{header, context, {}, {}, SegmentCursor(chain.writable), buffers.output()};
  const Operation* operation = FindOperation(header.opcode);
  if (operation != nullptr && (operation->flags & kNoReply) != 0) {
    // A request without a reply has nobody to tell of its failure either.
    const Status outcome = Run(*operation, request, readable, buffers.input());
    served.error = outcome ? 0 : outcome.error().value();
    return 0;
  }
  if (request.reply.remaining() < sizeof(fuse_out_header)) {
    served.error = EIO;
    return 0;
  }
  const ReplyPlace place(request.reply, header.unique);
  Deferral deferral(deferrer, place);
  request.context.deferral = &deferral;
  const Status outcome = operation == nullptr ? Status(Errno(ENOSYS))
                                              : Run(*operation, request, readable, buffers.input());
  if (deferral.deferred()) {
    return std::nullopt;
  }
  served.error = outcome ? 0 : outcome.error().value();
  return place.Fill(outcome, static_cast<uint32_t>(request.reply.consumed()));
}

}  // namespace vfsd::fuse
