// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/retry.h"
#include "proxy-helper/creator.h"
#include "proxy-helper/operations.h"

namespace vfsd::proxy_helper {

Status Operations::Mknod(Fields& fields, Answer& /*answer*/) {
  const uint32_t uid = fields.U32();
  const uint32_t gid = fields.U32();
  const auto path = fields.Text();
  const uint32_t mode = fields.U32();
  const uint64_t device = fields.U64();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  Entry entry;
  const Status found = tree_.FindEntry(path, entry);
  return found ? CreateAs(process_, {uid, gid},
                          [&] { return mknodat(entry.directory(), entry.name(), mode, device); })
               : found;
}

Status Operations::Mkdir(Fields& fields, Answer& /*answer*/) {
  const uint32_t uid = fields.U32();
  const uint32_t gid = fields.U32();
  const auto path = fields.Text();
  const uint32_t mode = fields.U32();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  Entry entry;
  const Status found = tree_.FindEntry(path, entry);
  return found ? CreateAs(process_, {uid, gid},
                          [&] { return mkdirat(entry.directory(), entry.name(), mode); })
               : found;
}

Status Operations::Symlink(Fields& fields, Answer& /*answer*/) {
  const uint32_t uid = fields.U32();
  const uint32_t gid = fields.U32();
  const auto target = fields.Text();
  const auto path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  CText text;
  const Status taken = text.Assign(target);
  if (!taken) {
    return taken;
  }
  Entry entry;
  const Status found = tree_.FindEntry(path, entry);
  return found ? CreateAs(process_, {uid, gid},
                          [&] { return symlinkat(text.c_str(), entry.directory(), entry.name()); })
               : found;
}

Status Operations::Link(Fields& fields, Answer& /*answer*/) {
  const auto old_path = fields.Text();
  const auto new_path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  Entry source;
  Status found = tree_.FindEntry(old_path, source);
  if (!found) {
    return found;
  }
  Entry target;
  found = tree_.FindEntry(new_path, target);
  return found ? RetryStatus([&] {
    return linkat(source.directory(), source.name(), target.directory(), target.name(), 0);
  })
               : found;
}

Status Operations::Rename(Fields& fields, Answer& /*answer*/) {
  const auto old_path = fields.Text();
  const auto new_path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  Entry source;
  Status found = tree_.FindEntry(old_path, source);
  if (!found) {
    return found;
  }
  Entry target;
  found = tree_.FindEntry(new_path, target);
  return found ? RetryStatus([&] {
    // The C library takes another call where there are no flags.
    return syscall(SYS_renameat2, source.directory(), source.name(), target.directory(),
                   target.name(), 0);
  })
               : found;
}

Status Operations::Remove(Fields& fields, Answer& /*answer*/) {
  const auto path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  Entry entry;
  const Status found = tree_.FindEntry(path, entry);
  if (!found) {
    return found;
  }
  const auto remove = [&](int flags) {
    return RetryStatus([&] { return unlinkat(entry.directory(), entry.name(), flags); });
  };
  const Status removed = remove(0);
  return !removed && removed.error() == Errno(EISDIR) ? remove(AT_REMOVEDIR) : removed;
}

Status Operations::Readlink(Fields& fields, Answer& answer) {
  const auto path = fields.Text();
  const uint32_t size = fields.U32();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  // The client puts an end mark behind the text, in a buffer of this size.
  if (size < 2 || size > INT32_MAX) {
    return Errno(EINVAL);
  }
  Entry entry;
  const Status found = tree_.FindEntry(path, entry);
  if (!found) {
    return found;
  }
  const auto room = answer.TextRoom();
  const auto length =
      Retry([&] { return readlinkat(entry.directory(), entry.name(), room.data(), room.size()); });
  if (!length) {
    return length.error();
  }
  // A part of a target is another target.
  if (static_cast<size_t>(*length) >= size) {
    return Errno(ENAMETOOLONG);
  }
  answer.FinishText(static_cast<size_t>(*length));
  return {};
}

}  // namespace vfsd::proxy_helper
