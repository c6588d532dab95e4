// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/file_status.h"
#include "base/retry.h"
#include "proxy-helper/operations.h"

namespace vfsd::proxy_helper {
namespace {

void PutTime(Answer& answer, const timespec& time) {
  answer.U64(static_cast<uint64_t>(time.tv_sec));
  answer.U64(static_cast<uint64_t>(time.tv_nsec));
}

/** A file system without generations says so in one of many ways. */
bool LacksGenerations(Errno error) {
  const int value = error.value();
  return value == ENOTTY || value == EOPNOTSUPP || value == ENOSYS || value == EINVAL;
}

}  // namespace

Status Operations::Lstat(Fields& fields, Answer& answer) {
  const auto path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  const auto status = FileStatus(object->get());
  if (!status) {
    return status.error();
  }
  answer.U64(status->st_dev);
  answer.U64(status->st_ino);
  answer.U64(status->st_nlink);
  answer.U32(status->st_mode);
  answer.U32(status->st_uid);
  answer.U32(status->st_gid);
  answer.U64(status->st_rdev);
  answer.U64(static_cast<uint64_t>(status->st_size));
  answer.U64(static_cast<uint64_t>(status->st_blksize));
  answer.U64(static_cast<uint64_t>(status->st_blocks));
  PutTime(answer, status->st_atim);
  PutTime(answer, status->st_mtim);
  PutTime(answer, status->st_ctim);
  return {};
}

Status Operations::Statfs(Fields& fields, Answer& answer) {
  const auto path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  struct statfs found;
  const Status asked = RetryStatus([&] { return fstatfs(object->get(), &found); });
  if (!asked) {
    return asked;
  }
  answer.U64(static_cast<uint64_t>(found.f_type));
  answer.U64(static_cast<uint64_t>(found.f_bsize));
  answer.U64(found.f_blocks);
  answer.U64(found.f_bfree);
  answer.U64(found.f_bavail);
  answer.U64(found.f_files);
  answer.U64(found.f_ffree);
  answer.U64(static_cast<uint64_t>(found.f_fsid.__val[0]));
  answer.U64(static_cast<uint64_t>(found.f_fsid.__val[1]));
  answer.U64(static_cast<uint64_t>(found.f_namelen));
  answer.U64(static_cast<uint64_t>(found.f_frsize));
  return {};
}

Status Operations::Chmod(Fields& fields, Answer& /*answer*/) {
  const auto path = fields.Text();
  const uint32_t mode = fields.U32();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  const auto status = FileStatus(object->get());
  if (!status) {
    return status.error();
  }
  // Before Linux 6.6 some file systems would change it.
  return S_ISLNK(status->st_mode) ? Status(Errno(EOPNOTSUPP))
                                  : tree_.proc_self_fd().ChangeMode(object->get(), mode);
}

Status Operations::Chown(Fields& fields, Answer& /*answer*/) {
  const auto path = fields.Text();
  const uint32_t uid = fields.U32();
  const uint32_t gid = fields.U32();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  return object ? RetryStatus([&] {
    return fchownat(object->get(), "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  })
                : Status(object.error());
}

Status Operations::Truncate(Fields& fields, Answer& /*answer*/) {
  const auto path = fields.Text();
  const uint64_t size = fields.U64();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  // The kernel opens nothing for it, and refuses what is no regular file, or less than nothing.
  return RetryStatus(
      [&] { return truncate(sys::FdName(object->get()).c_str(), static_cast<off_t>(size)); });
}

Status Operations::Utime(Fields& fields, Answer& /*answer*/) {
  const auto path = fields.Text();
  timespec times[2];
  for (timespec& time : times) {
    time.tv_sec = static_cast<time_t>(fields.U64());
    // UTIME_NOW and UTIME_OMIT are a client's way to say it.
    time.tv_nsec = static_cast<long>(fields.U64());
  }
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  return object ? RetryStatus([&] {
    return utimensat(object->get(), "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  })
                : Status(object.error());
}

Status Operations::Getversion(Fields& fields, Answer& answer) {
  const auto path = fields.Text();
  if (!fields.AreComplete()) {
    return Errno(EBADMSG);
  }
  const auto object = tree_.Find(path);
  if (!object) {
    return object.error();
  }
  const auto opened = OpenForClient(*object, O_RDONLY);
  // The kernel fills in 32 bits or 64, as the file system likes.
  uint64_t version = 0;
  const Status asked =
      opened ? RetryStatus([&] { return ioctl(opened->get(), FS_IOC_GETVERSION, &version); })
             : Status(opened.error());
  const bool special =
      !opened && (opened.error() == Errno(ENXIO) || opened.error() == Errno(ELOOP));
  if (!asked && !special && !LacksGenerations(asked.error())) {
    return asked;
  }
  answer.U64(asked ? version : 0);
  return {};
}

}  // namespace vfsd::proxy_helper
