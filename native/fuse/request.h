// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "abi/fuse.h"
#include "fuse/request_body.h"
#include "fuse/types.h"
#include "memory/segments.h"

namespace vfsd::fuse {

/** Private memory for one request at a time: one per thread, allocated once. */
class RequestBuffers {
 public:
  /** The longest request that is not data: SETXATTR with a 64 KiB value, its fixed part and its
   * name. */
  static constexpr size_t kInputSize = size_t{64} * 1024 + 1024;
  /** The longest answer that does not go straight to guest memory: an attribute's value or a list
   * of names. */
  static constexpr size_t kOutputSize = size_t{64} * 1024;

  std::span<std::byte> input() { return {input_.get(), kInputSize}; }
  std::span<std::byte> output() { return {output_.get(), kOutputSize}; }

 private:
  std::unique_ptr<std::byte[]> input_ = std::make_unique_for_overwrite<std::byte[]>(kInputSize);
  std::unique_ptr<std::byte[]> output_ = std::make_unique_for_overwrite<std::byte[]>(kOutputSize);
};

/** A request whose header is known and whose operation is about to run. */
struct Request {
  const abi::fuse_in_header& header;
  RequestContext context;
  /** The arguments, in private memory. */
  RequestBody body;
  /** What follows them and stays in guest memory: the bytes of a WRITE, the list of a BATCH_FORGET.
   */
  memory::SegmentCursor data;
  /** The reply's room behind its header. */
  memory::SegmentCursor reply;
  std::span<std::byte> output;

  NodeId node() const { return NodeId{header.nodeid}; }

  /** Appends to the reply. EIO: the guest has not left enough room for an answer to what it asked.
   */
  template <typename T>
  Status Reply(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return ReplyBytes(std::as_bytes(std::span(&value, 1)));
  }
  Status ReplyBytes(std::span<const std::byte> bytes) {
    return reply.Write(bytes.data(), bytes.size()) ? Status() : Status(Errno(EIO));
  }
};

}  // namespace vfsd::fuse
