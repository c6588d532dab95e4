// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file_status.h"
#include "base/retry.h"
#include "proxy-helper/creator.h"
#include "proxy-helper/operations.h"

namespace vfsd::proxy_helper {
namespace {

constexpr mode_t kModeBits = 07777;

/** A neighbour that makes and removes the name again and again must not keep a request. */
constexpr int kPatience = 8;

/**
 * What of the client's flags reaches the host. Not among them: O_CREAT and O_EXCL, which only
 * CREATE means; O_TMPFILE and O_PATH, which make something else of an open; O_DIRECT, for whose
 * alignment no guest's buffer is made; O_ASYNC and O_NONBLOCK, which belong to another process.
 */
constexpr int kPassedOn = O_ACCMODE | O_APPEND | O_TRUNC | O_DIRECTORY | O_SYNC | O_NOATIME;
static_assert((kPassedOn & O_DSYNC) == O_DSYNC && (O_TMPFILE & ~O_DIRECTORY & kPassedOn) == 0);

/** EINVAL: neither for reading nor for writing. */
Result<int> HostFlags(uint32_t wanted) {
  int flags = static_cast<int>(wanted) & kPassedOn;
  if ((flags & O_ACCMODE) == O_ACCMODE) {
    return Errno(EINVAL);
  }
  // QEMU takes what is opened for reading for harmless, also where the export is read-only
  // (CVE-2026-63318). A Linux guest truncates by a request of its own.
  if ((flags & O_ACCMODE) == O_RDONLY) {
    flags &= ~O_TRUNC;
  }
  return flags;
}

}  // namespace

Result<UniqueFd> Operations::OpenForClient(const UniqueFd& object, int flags) const {
  const auto status = FileStatus(object.get());
  if (!status) {
    return status.error();
  }
  if (S_ISLNK(status->st_mode)) {
    return Errno(ELOOP);
  }
  // CVE-2023-2861: to open a device is an act, and to open a FIFO may never come to an end.
  if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode)) {
    return Errno(ENXIO);
  }
  // Somebody's lease on the file must not hold up every other request.
  auto opened = tree_.proc_self_fd().Reopen(object.get(), flags | O_NONBLOCK | O_NOCTTY);
  if (!opened) {
    return opened;
  }
  const Status blocks =
      RetryStatus([&] { return fcntl(opened->get(), F_SETFL, flags & ~O_TRUNC); });
  return blocks ? std::move(opened) : Result<UniqueFd>(blocks.error());
}

Status Operations::Open(Fields& fields, Answer& answer) {
  const auto path = fields.Text();
  const uint32_t wanted = fields.U32();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto flags = HostFlags(wanted);
  if (!flags) {
    return flags.error();
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  auto opened = OpenForClient(*object, *flags);
  if (!opened) {
    return opened.error();
  }
  answer.Give(std::move(*opened));
  return {};
}

Status Operations::Create(Fields& fields, Answer& answer) {
  const auto path = fields.Text();
  const uint32_t wanted = fields.U32();
  const uint32_t mode = fields.U32();
  const uint32_t uid = fields.U32();
  const uint32_t gid = fields.U32();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto chosen = HostFlags(wanted & ~static_cast<uint32_t>(O_DIRECTORY));
  if (!chosen) {
    return chosen.error();
  }
  Entry entry;
  const Status found = tree_.FindEntry(path, entry);
  if (!found) {
    return found;
  }
  for (int i = 0; i < kPatience; ++i) {
    int made = -1;
    // O_EXCL in any case: what is there already is looked at before it is opened.
    const Status created = CreateAs(process_, {uid, gid}, [&] {
      made =
          openat(entry.directory(), entry.name(),
                 *chosen | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, mode & kModeBits);
      return made;
    });
    if (created) {
      answer.Give(UniqueFd(made));
      return {};
    }
    if (created.error() != Errno(EEXIST) || (wanted & O_EXCL) != 0) {
      return created;
    }
    const auto existing = Tree::FindIn(entry);
    auto opened = existing ? OpenForClient(*existing, *chosen) : Result<UniqueFd>(existing.error());
    if (opened) {
      answer.Give(std::move(*opened));
      return {};
    }
    if (opened.error() != Errno(ENOENT)) {
      return opened.error();
    }
  }
  return Errno(EAGAIN);
}

}  // namespace vfsd::proxy_helper
