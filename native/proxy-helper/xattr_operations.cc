// SPDX-License-Identifier: Apache-2.0
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "base/retry.h"
#include "proxy-helper/operations.h"

namespace vfsd::proxy_helper {
namespace {

/**
 * Answers a list or a value, which `read` puts into the room that it is given, or only its length
 * where the client has room for nothing.
 */
template <typename Read>
Status AnswerWith(Answer& answer, uint32_t size, Read read) {
  if (size == 0) {
    const auto length = Retry([&] { return read(nullptr, 0); });
    if (!length) {
      return length.error();
    }
    answer.U32(static_cast<uint32_t>(*length));
    return {};
  }
  const auto room = answer.TextRoom();
  const size_t usable = std::min<size_t>(size, room.size());
  const auto length = Retry([&] { return read(room.data(), usable); });
  if (!length) {
    // The client has the room, the message has not.
    const bool fits = length.error() != Errno(ERANGE) || size <= room.size();
    return fits ? length.error() : Errno(ENOBUFS);
  }
  answer.FinishText(static_cast<size_t>(*length));
  return {};
}

}  // namespace

Status Operations::Lgetxattr(Fields& fields, Answer& answer) {
  const uint32_t size = fields.U32();
  const auto path = fields.Text();
  const auto name = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  CText attribute;
  const Status taken = attribute.Assign(name);
  if (!taken) {
    return taken;
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  const sys::FdName file(object->get());
  return AnswerWith(answer, size, [&](char* value, size_t room) {
    return getxattr(file.c_str(), attribute.c_str(), value, room);
  });
}

Status Operations::Llistxattr(Fields& fields, Answer& answer) {
  const uint32_t size = fields.U32();
  const auto path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  const sys::FdName file(object->get());
  return AnswerWith(answer, size,
                    [&](char* list, size_t room) { return listxattr(file.c_str(), list, room); });
}

Status Operations::Lsetxattr(Fields& fields, Answer& /*answer*/) {
  const auto path = fields.Text();
  const auto name = fields.Text();
  const auto value = fields.Text();
  const uint32_t size = fields.U32();
  const uint32_t flags = fields.U32();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  // QEMU sends a value of 65536 bytes, whose length a text cannot have, as none with that size.
  if (size > value.size()) {
    return Errno(EINVAL);
  }
  CText attribute;
  const Status taken = attribute.Assign(name);
  if (!taken) {
    return taken;
  }
  const auto object = tree_.Find(path);
  return object ? RetryStatus([&] {
    return setxattr(sys::FdName(object->get()).c_str(), attribute.c_str(), value.data(), size,
                    static_cast<int>(flags));
  })
                : Status(object.error());
}

Status Operations::Lremovexattr(Fields& fields, Answer& /*answer*/) {
  const auto path = fields.Text();
  const auto name = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  CText attribute;
  const Status taken = attribute.Assign(name);
  if (!taken) {
    return taken;
  }
  const auto object = tree_.Find(path);
  return object ? RetryStatus([&] {
    return removexattr(sys::FdName(object->get()).c_str(), attribute.c_str());
  })
                : Status(object.error());
}

}  // namespace vfsd::proxy_helper
