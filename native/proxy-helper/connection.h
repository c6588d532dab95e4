// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy-helper/answer.h"
#include "proxy-helper/protocol.h"

namespace vfsd::proxy_helper {

struct Request {
  uint32_t type = 0;
  /** Stays as it is until the next request is received. */
  std::span<const std::byte> body;
};

/** What has come of waiting for a request. */
enum class Reception {
  kRequest,
  /** The client has gone, between two requests. */
  kClosed,
  /** The client has gone in the middle of one. */
  kTorn,
  /** Its size is more than a request may have. */
  kTooLong,
  /** The socket has failed, with errno. */
  kFailed,
};

/**
 * The conversation with the client. Descriptors that it sends along are nobody's: the kernel closes
 * them, as none are asked for.
 */
class Connection {
 public:
  /** @param socket a connected stream, which waits */
  explicit Connection(UniqueFd socket) : socket_(std::move(socket)) {}

  int socket() const { return socket_.get(); }

  Reception Receive(Request& request);

  /** Sends a header and fields. */
  Status SendFields(AnswerType type, std::span<const std::byte> fields);
  /** Sends a descriptor, or why there is none, without a header. */
  Status SendDescriptor(int descriptor);
  Status SendErrno(Errno error);

 private:
  /** Goes on until `size` bytes from the present request on are there. */
  Reception Fill(size_t size);
  Status SendAll(std::span<const std::byte> bytes);

  UniqueFd socket_;
  std::array<std::byte, kHeaderSize + kMaxBody> received_;
  /** Where the present request begins, and where what has been received ends. */
  size_t begin_ = 0;
  size_t end_ = 0;
  std::array<std::byte, kHeaderSize + kMaxBody> sent_;
};

}  // namespace vfsd::proxy_helper
