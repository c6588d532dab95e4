// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"
#include "fuse/file_system.h"
#include "fuse/request.h"
#include "fuse/session.h"

namespace vfsd::fuse {

/** What a handler works with. */
struct Service {
  FileSystem& file_system;
  Session& session;
};

/** Decodes the arguments, calls the file system and appends the answer; the error header is the
 * server's. */
using Handler = Status (*)(Service&, Request&);

enum OperationFlags : uint8_t {
  /** The protocol has no reply to it. */
  kNoReply = 1,
  /** Only the fixed part is copied; the rest stays in guest memory as `Request::data`. */
  kDataFollows = 2,
  /** Works outside of a session too. */
  kWithoutSession = 4,
};

struct Operation {
  const char* name;
  /** Bytes that the body has at least; a shorter one is answered with EINVAL. */
  uint16_t minimum_body;
  /**
   * Bytes of the reply behind its header that the operation always has. Where the guest has left
   * less room it is not begun: an answer that cannot be given must not have an effect, such as a
   * lookup or a handle that nobody knows of.
   */
  uint16_t minimum_reply;
  uint8_t flags;
  Handler handler;
};

/** The operation of an opcode; null for one that vfsd does not have. */
const Operation* FindOperation(uint32_t opcode);

// The handlers, by what they work on. Those of one group are in one file.

namespace handlers {

// session_handlers.cc
Status Init(Service&, Request&);
Status Destroy(Service&, Request&);
Status Interrupt(Service&, Request&);

// inode_handlers.cc
Status Lookup(Service&, Request&);
Status Forget(Service&, Request&);
Status BatchForget(Service&, Request&);
Status GetAttr(Service&, Request&);
Status Statx(Service&, Request&);
Status SetAttr(Service&, Request&);
Status Access(Service&, Request&);
Status ReadLink(Service&, Request&);
Status StatFs(Service&, Request&);
Status SyncFs(Service&, Request&);

// name_handlers.cc
Status MkNod(Service&, Request&);
Status MkDir(Service&, Request&);
Status Symlink(Service&, Request&);
Status Link(Service&, Request&);
Status Unlink(Service&, Request&);
Status RmDir(Service&, Request&);
Status Rename(Service&, Request&);
Status Rename2(Service&, Request&);

// file_handlers.cc
Status Open(Service&, Request&);
Status Create(Service&, Request&);
Status TmpFile(Service&, Request&);
Status Read(Service&, Request&);
Status Write(Service&, Request&);
Status Flush(Service&, Request&);
Status Fsync(Service&, Request&);
Status Release(Service&, Request&);
Status Fallocate(Service&, Request&);
Status Lseek(Service&, Request&);
Status CopyFileRange(Service&, Request&);
Status CopyFileRange64(Service&, Request&);
Status Ioctl(Service&, Request&);

// lock_handlers.cc
Status GetLk(Service&, Request&);
Status SetLk(Service&, Request&);
Status SetLkW(Service&, Request&);

// directory_handlers.cc
Status OpenDir(Service&, Request&);
Status ReadDir(Service&, Request&);
Status ReadDirPlus(Service&, Request&);
Status FsyncDir(Service&, Request&);
Status ReleaseDir(Service&, Request&);

// xattr_handlers.cc
Status SetXattr(Service&, Request&);
Status GetXattr(Service&, Request&);
Status ListXattr(Service&, Request&);
Status RemoveXattr(Service&, Request&);

}  // namespace handlers
}  // namespace vfsd::fuse
