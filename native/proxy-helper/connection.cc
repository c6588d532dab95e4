// SPDX-License-Identifier: Apache-2.0
#include "proxy-helper/connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/retry.h"

namespace vfsd::proxy_helper {
namespace {

/** Nobody is there to hear any more. */
bool IsGone(Errno error) {
  return error == Errno(EPIPE) || error == Errno(ECONNRESET);
}

}  // namespace

Reception Connection::Fill(size_t size) {
  if (begin_ + size > received_.size()) {
    std::memmove(received_.data(), received_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < size) {
    const auto count = Retry(
        [&] { return recv(socket_.get(), received_.data() + end_, received_.size() - end_, 0); });
    if (!count) {
      errno = count.error().value();
      return IsGone(count.error()) ? Reception::kTorn : Reception::kFailed;
    }
    if (*count == 0) {
      return Reception::kTorn;
    }
    end_ += static_cast<size_t>(*count);
  }
  return Reception::kRequest;
}

Reception Connection::Receive(Request& request) {
  if (begin_ == end_) {
    begin_ = 0;
    end_ = 0;
  }
  const Reception header = Fill(kHeaderSize);
  if (header != Reception::kRequest) {
    return header == Reception::kTorn && begin_ == end_ ? Reception::kClosed : header;
  }
  uint32_t size;
  std::memcpy(&request.type, received_.data() + begin_, sizeof request.type);
  std::memcpy(&size, received_.data() + begin_ + sizeof request.type, sizeof size);
  if (size > kMaxBody) {
    return Reception::kTooLong;
  }
  const Reception whole = Fill(kHeaderSize + size);
  if (whole != Reception::kRequest) {
    return whole;
  }
  request.body = {received_.data() + begin_ + kHeaderSize, size};
  begin_ += kHeaderSize + size;
  return Reception::kRequest;
}

Status Connection::SendAll(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto count =
        Retry([&] { return send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (!count) {
      return count.error();
    }
    bytes = bytes.subspan(static_cast<size_t>(*count));
  }
  return {};
}

Status Connection::SendFields(AnswerType type, std::span<const std::byte> fields) {
  const auto number = static_cast<uint32_t>(type);
  const auto size = static_cast<uint32_t>(fields.size());
  std::memcpy(sent_.data(), &number, sizeof number);
  std::memcpy(sent_.data() + sizeof number, &size, sizeof size);
  if (!fields.empty()) {
    std::memcpy(sent_.data() + kHeaderSize, fields.data(), fields.size());
  }
  return SendAll({sent_.data(), kHeaderSize + fields.size()});
}

Status Connection::SendErrno(Errno error) {
  const int32_t number = -error.value();
  return SendAll(std::as_bytes(std::span(&number, 1)));
}

Status Connection::SendDescriptor(int descriptor) {
  const int32_t mark = kBringsDescriptor;
  const auto bytes = std::as_bytes(std::span(&mark, 1));
  // sendmsg(2) only reads it.
  iovec data = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  const auto count = Retry([&] { return sendmsg(socket_.get(), &message, MSG_NOSIGNAL); });
  if (!count) {
    // Too many on their way, or no memory for one more: the client can be told.
    return IsGone(count.error()) ? Status(count.error()) : SendErrno(count.error());
  }
  return SendAll(bytes.subspan(static_cast<size_t>(*count)));
}

}  // namespace vfsd::proxy_helper
