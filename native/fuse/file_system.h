// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/fuse.h"
#include "base/result.h"
#include "fuse/dirent_writer.h"
#include "fuse/name.h"
#include "fuse/new_object.h"
#include "fuse/types.h"

namespace vfsd::fuse {

/** What CREATE answers: the entry and its open file. */
struct Created {
  abi::fuse_entry_out entry;
  abi::fuse_open_out open;
};

/**
 * What can be done with a file system, an operation each for the FUSE requests. Arguments have
 * passed the decoder: names are single components, strings are terminated, sizes are bounded by the
 * reply's room. Node ids and file handles have not: they are any number.
 *
 * Every method may be called by several threads at once. The answer to an operation that a file
 * system does not have is ENOSYS, which makes Linux stop asking where that is possible.
 */
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /** The session is over (DESTROY, a new INIT, a reset device): every nodeid but the root's and
   * every handle is void. */
  virtual void Reset() {}

  /** Some of the deferred answers have become unwanted and are to be given soon. Does not wait. */
  virtual void EndUnwantedWaits() {}

  // Inodes. A successful Lookup, and everything that answers an entry, adds 1 to the inode's lookup
  // count.

  virtual Result<abi::fuse_entry_out> Lookup(RequestContext&, NodeId, const Name&) {
    return Errno(ENOSYS);
  }
  virtual void Forget(NodeId, uint64_t /*nlookup*/) {}
  virtual Result<abi::fuse_attr_out> GetAttr(RequestContext&, NodeId) { return Errno(ENOSYS); }
  /** `mask` is that of statx(2); more or less may be answered. */
  virtual Result<abi::fuse_statx_out> Statx(RequestContext&, NodeId, uint32_t /*mask*/) {
    return Errno(ENOSYS);
  }
  virtual Result<abi::fuse_attr_out> SetAttr(RequestContext&, NodeId, const abi::fuse_setattr_in&) {
    return Errno(ENOSYS);
  }
  virtual Status Access(RequestContext&, NodeId, uint32_t /*mask*/) { return Errno(ENOSYS); }
  /** Answers the length of the target, which is not terminated. */
  virtual Result<size_t> ReadLink(RequestContext&, NodeId, std::span<char> /*target*/) {
    return Errno(ENOSYS);
  }
  virtual Result<abi::fuse_kstatfs> StatFs(RequestContext&, NodeId) { return Errno(ENOSYS); }
  virtual Status SyncFs(RequestContext&, NodeId) { return Errno(ENOSYS); }

  // Names.

  /** `device` is in the kernel's 32-bit encoding. */
  virtual Result<abi::fuse_entry_out> MkNod(RequestContext&, NodeId, const Name&, const NewObject&,
                                            uint32_t /*device*/) {
    return Errno(ENOSYS);
  }
  virtual Result<abi::fuse_entry_out> MkDir(RequestContext&, NodeId, const Name&,
                                            const NewObject&) {
    return Errno(ENOSYS);
  }
  virtual Result<abi::fuse_entry_out> Symlink(RequestContext&, NodeId, const Name&,
                                              const char* /*target*/, const NewObject&) {
    return Errno(ENOSYS);
  }
  virtual Result<abi::fuse_entry_out> Link(RequestContext&, NodeId, NodeId /*parent*/,
                                           const Name&) {
    return Errno(ENOSYS);
  }
  virtual Status Unlink(RequestContext&, NodeId, const Name&) { return Errno(ENOSYS); }
  virtual Status RmDir(RequestContext&, NodeId, const Name&) { return Errno(ENOSYS); }
  /** `flags` are those of renameat2(2). */
  virtual Status Rename(RequestContext&, NodeId, const Name&, NodeId /*new_parent*/,
                        const Name& /*new_name*/, uint32_t /*flags*/) {
    return Errno(ENOSYS);
  }

  // Files.

  virtual Result<abi::fuse_open_out> Open(RequestContext&, NodeId, const abi::fuse_open_in&) {
    return Errno(ENOSYS);
  }
  virtual Result<Created> Create(RequestContext&, NodeId, const Name&, const NewObject&,
                                 const abi::fuse_open_in&) {
    return Errno(ENOSYS);
  }
  /** Makes a file without a name in the file system of a directory, and opens it. */
  virtual Result<Created> TmpFile(RequestContext&, NodeId, const NewObject&,
                                  const abi::fuse_open_in&) {
    return Errno(ENOSYS);
  }
  /** Fills `to` and moves it; what is left of it lies behind the end of the file. */
  virtual Status Read(RequestContext&, NodeId, const abi::fuse_read_in&,
                      memory::SegmentCursor& /*to*/) {
    return Errno(ENOSYS);
  }
  /** Answers how many bytes of `from` have been written. */
  virtual Result<size_t> Write(RequestContext&, NodeId, const abi::fuse_write_in&,
                               memory::SegmentCursor& /*from*/) {
    return Errno(ENOSYS);
  }
  /** One of the guest's descriptors of the file is closed; `owner` loses its locks of fcntl(2). */
  virtual Status Flush(RequestContext&, NodeId, FileHandle, LockOwner /*owner*/) {
    return Errno(ENOSYS);
  }
  virtual Status Fsync(RequestContext&, NodeId, FileHandle, bool /*data_only*/) {
    return Errno(ENOSYS);
  }
  virtual Status Release(RequestContext&, NodeId, const abi::fuse_release_in&) {
    return Errno(ENOSYS);
  }
  virtual Status Fallocate(RequestContext&, NodeId, const abi::fuse_fallocate_in&) {
    return Errno(ENOSYS);
  }
  virtual Result<uint64_t> Lseek(RequestContext&, NodeId, const abi::fuse_lseek_in&) {
    return Errno(ENOSYS);
  }
  virtual Result<size_t> CopyFileRange(RequestContext&, NodeId,
                                       const abi::fuse_copy_file_range_in&) {
    return Errno(ENOSYS);
  }

  // Locks: those of fcntl(2), and with FUSE_LK_FLOCK those of flock(2).

  /** Answers a lock that is in the way, or one of type F_UNLCK. */
  virtual Result<abi::fuse_file_lock> GetLk(RequestContext&, NodeId, const abi::fuse_lk_in&) {
    return Errno(ENOSYS);
  }
  /** @param wait until the lock can be had; the answer may be deferred then */
  virtual Status SetLk(RequestContext&, NodeId, const abi::fuse_lk_in&, bool /*wait*/) {
    return Errno(ENOSYS);
  }

  /** Of a file or a directory (FUSE_IOCTL_DIR in `in.flags`). Answers how much of `output` it has
   * filled. ENOTTY: no such command. */
  virtual Result<size_t> Ioctl(RequestContext&, NodeId, const abi::fuse_ioctl_in&,
                               std::span<const std::byte> /*input*/,
                               std::span<std::byte> /*output*/) {
    return Errno(ENOSYS);
  }

  // Directories.

  virtual Result<abi::fuse_open_out> OpenDir(RequestContext&, NodeId) { return Errno(ENOSYS); }
  virtual Status ReadDir(RequestContext&, NodeId, FileHandle, uint64_t /*offset*/, DirentWriter&) {
    return Errno(ENOSYS);
  }
  virtual Status FsyncDir(RequestContext&, NodeId, FileHandle, bool /*data_only*/) {
    return Errno(ENOSYS);
  }
  virtual Status ReleaseDir(RequestContext&, NodeId, FileHandle) { return Errno(ENOSYS); }

  // Extended attributes. `name` is terminated and at most 255 bytes long.

  /** `in.setxattr_flags` is 0 unless FUSE_SETXATTR_EXT was negotiated. */
  virtual Status SetXattr(RequestContext&, NodeId, const char* /*name*/,
                          std::span<const std::byte> /*value*/, const abi::fuse_setxattr_in&) {
    return Errno(ENOSYS);
  }
  /** Answers the value's length; an empty `value` asks for the length only. ERANGE: there is more
   * than fits. */
  virtual Result<size_t> GetXattr(RequestContext&, NodeId, const char* /*name*/,
                                  std::span<std::byte> /*value*/) {
    return Errno(ENOSYS);
  }
  virtual Result<size_t> ListXattr(RequestContext&, NodeId, std::span<std::byte> /*names*/) {
    return Errno(ENOSYS);
  }
  virtual Status RemoveXattr(RequestContext&, NodeId, const char* /*name*/) {
    return Errno(ENOSYS);
  }
};

}  // namespace vfsd::fuse
