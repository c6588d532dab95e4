// SPDX-License-Identifier: Apache-2.0
#include "fuse/operations.h"

#include <array>

namespace vfsd::fuse {
namespace {

using Table = std::array<Operation, abi::kOpcodeCount>;

constexpr Table MakeTable() {
  using namespace abi;  // NOLINT(google-build-using-namespace): the table reads as the protocol
                        // does
  namespace h = handlers;
  Table t = {};
  t[FUSE_INIT] = {"INIT", kShortInitIn, sizeof(fuse_init_out), kWithoutSession, h::Init};
  t[FUSE_DESTROY] = {"DESTROY", 0, 0, kWithoutSession, h::Destroy};
  t[FUSE_INTERRUPT] = {"INTERRUPT", 0, 0, kNoReply | kWithoutSession, h::Interrupt};

  t[FUSE_LOOKUP] = {"LOOKUP", 0, sizeof(fuse_entry_out), 0, h::Lookup};
  t[FUSE_FORGET] = {"FORGET", sizeof(fuse_forget_in), 0, kNoReply, h::Forget};
  t[FUSE_BATCH_FORGET] = {"BATCH_FORGET", sizeof(fuse_batch_forget_in), 0, kNoReply | kDataFollows,
                          h::BatchForget};
  t[FUSE_GETATTR] = {"GETATTR", sizeof(fuse_getattr_in), sizeof(fuse_attr_out), 0, h::GetAttr};
  t[FUSE_STATX] = {"STATX", sizeof(fuse_statx_in), sizeof(fuse_statx_out), 0, h::Statx};
  t[FUSE_SETATTR] = {"SETATTR", sizeof(fuse_setattr_in), sizeof(fuse_attr_out), 0, h::SetAttr};
  t[FUSE_ACCESS] = {"ACCESS", sizeof(fuse_access_in), 0, 0, h::Access};
  t[FUSE_READLINK] = {"READLINK", 0, 0, 0, h::ReadLink};
  t[FUSE_STATFS] = {"STATFS", 0, sizeof(fuse_kstatfs), 0, h::StatFs};
  t[FUSE_SYNCFS] = {"SYNCFS", 0, 0, 0, h::SyncFs};

  t[FUSE_MKNOD] = {"MKNOD", sizeof(fuse_mknod_in), sizeof(fuse_entry_out), 0, h::MkNod};
  t[FUSE_MKDIR] = {"MKDIR", sizeof(fuse_mkdir_in), sizeof(fuse_entry_out), 0, h::MkDir};
  t[FUSE_SYMLINK] = {"SYMLINK", 0, sizeof(fuse_entry_out), 0, h::Symlink};
  t[FUSE_LINK] = {"LINK", sizeof(fuse_link_in), sizeof(fuse_entry_out), 0, h::Link};
  t[FUSE_UNLINK] = {"UNLINK", 0, 0, 0, h::Unlink};
  t[FUSE_RMDIR] = {"RMDIR", 0, 0, 0, h::RmDir};
  t[FUSE_RENAME] = {"RENAME", sizeof(fuse_rename_in), 0, 0, h::Rename};
  t[FUSE_RENAME2] = {"RENAME2", sizeof(fuse_rename2_in), 0, 0, h::Rename2};

  t[FUSE_OPEN] = {"OPEN", sizeof(fuse_open_in), sizeof(fuse_open_out), 0, h::Open};
  t[FUSE_CREATE] = {"CREATE", sizeof(fuse_create_in),
                    sizeof(fuse_entry_out) + sizeof(fuse_open_out), 0, h::Create};
  t[FUSE_TMPFILE] = {"TMPFILE", sizeof(fuse_create_in),
                     sizeof(fuse_entry_out) + sizeof(fuse_open_out), 0, h::TmpFile};
  t[FUSE_READ] = {"READ", sizeof(fuse_read_in), 0, 0, h::Read};
  t[FUSE_WRITE] = {"WRITE", sizeof(fuse_write_in), sizeof(fuse_write_out), kDataFollows, h::Write};
  t[FUSE_FLUSH] = {"FLUSH", sizeof(fuse_flush_in), 0, 0, h::Flush};
  t[FUSE_FSYNC] = {"FSYNC", sizeof(fuse_fsync_in), 0, 0, h::Fsync};
  t[FUSE_RELEASE] = {"RELEASE", sizeof(fuse_release_in), 0, 0, h::Release};
  t[FUSE_FALLOCATE] = {"FALLOCATE", sizeof(fuse_fallocate_in), 0, 0, h::Fallocate};
  t[FUSE_LSEEK] = {"LSEEK", sizeof(fuse_lseek_in), sizeof(fuse_lseek_out), 0, h::Lseek};
  t[FUSE_COPY_FILE_RANGE] = {"COPY_FILE_RANGE", sizeof(fuse_copy_file_range_in),
                             sizeof(fuse_write_out), 0, h::CopyFileRange};
  t[FUSE_COPY_FILE_RANGE_64] = {"COPY_FILE_RANGE_64", sizeof(fuse_copy_file_range_in),
                                sizeof(fuse_copy_file_range_out), 0, h::CopyFileRange64};
  t[FUSE_IOCTL] = {"IOCTL", sizeof(fuse_ioctl_in), sizeof(fuse_ioctl_out), 0, h::Ioctl};

  t[FUSE_GETLK] = {"GETLK", sizeof(fuse_lk_in), sizeof(fuse_lk_out), 0, h::GetLk};
  t[FUSE_SETLK] = {"SETLK", sizeof(fuse_lk_in), 0, 0, h::SetLk};
  t[FUSE_SETLKW] = {"SETLKW", sizeof(fuse_lk_in), 0, 0, h::SetLkW};

  t[FUSE_OPENDIR] = {"OPENDIR", sizeof(fuse_open_in), sizeof(fuse_open_out), 0, h::OpenDir};
  t[FUSE_READDIR] = {"READDIR", sizeof(fuse_read_in), 0, 0, h::ReadDir};
  t[FUSE_READDIRPLUS] = {"READDIRPLUS", sizeof(fuse_read_in), 0, 0, h::ReadDirPlus};
  t[FUSE_FSYNCDIR] = {"FSYNCDIR", sizeof(fuse_fsync_in), 0, 0, h::FsyncDir};
  t[FUSE_RELEASEDIR] = {"RELEASEDIR", sizeof(fuse_release_in), 0, 0, h::ReleaseDir};

  t[FUSE_SETXATTR] = {"SETXATTR", kShortSetxattrIn, 0, 0, h::SetXattr};
  t[FUSE_GETXATTR] = {"GETXATTR", sizeof(fuse_getxattr_in), 0, 0, h::GetXattr};
  t[FUSE_LISTXATTR] = {"LISTXATTR", sizeof(fuse_getxattr_in), 0, 0, h::ListXattr};
  t[FUSE_REMOVEXATTR] = {"REMOVEXATTR", 0, 0, 0, h::RemoveXattr};
  return t;
}

constexpr Table kOperations = MakeTable();

}  // namespace

const Operation* FindOperation(uint32_t opcode) {
  if (opcode >= kOperations.size() || kOperations[opcode].handler == nullptr) {
    return nullptr;
  }
  return &kOperations[opcode];
}

}  // namespace vfsd::fuse
