// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "fs/passthrough/passthrough.h"
#include "fuse/deferral.h"

namespace vfsd::fs::passthrough {

using fuse::FileHandle;
using fuse::LockOwner;
using fuse::NodeId;
using fuse::RequestContext;

namespace {

// So many owners of locks in a file are asked whether a lock is theirs.
constexpr size_t kMostHolders = 64;

/** EBADF: the guest has not opened the file for what the lock is to protect. */
Status CheckAccess(const OpenFile& file, const HostLock& lock) {
  const int refused = lock.type == F_WRLCK ? O_RDONLY : O_WRONLY;
  const bool permitted = lock.type == F_UNLCK || file.access != refused;
  return permitted ? Status() : Status(Errno(EBADF));
}

/** A file system of a network asks its server. */
void AboutToAskForLocks(RequestContext& context, const OpenFile& file) {
  if (file.traits.flush_matters) {
    context.sleep.AboutToSleep();
  }
}

/** It may be executed, by somebody. */
bool IsProgram(int fd) {
  struct stat attributes;
  return fstat(fd, &attributes) != 0 || (attributes.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

}  // namespace

Result<abi::fuse_file_lock> Passthrough::GetLk(RequestContext& context, NodeId node,
                                               const abi::fuse_lk_in& in) {
  if (!lock_waits_ || !context.Negotiated(abi::FUSE_POSIX_LOCKS)) {
    return Errno(ENOSYS);
  }
  const Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  if (!file) {
    return file.error();
  }
  const Result<HostLock> lock = HostLock::FromGuest(in);
  if (!lock || lock->kind != HostLock::Kind::kRange || lock->type == F_UNLCK) {
    return Errno(EINVAL);
  }
  AboutToAskForLocks(context, **file);
  // An owner without a description has no locks; the file's own one never has any either.
  const LockOwner owner{in.owner};
  const LockDescriptions::Ref own = lock_descriptions_.Find(node, owner);
  auto conflict = lock->FindConflict(own ? own->fd.get() : (*file)->fd.get());
  if (conflict && conflict->type != F_UNLCK) {
    conflict->pid = HolderOf(node, owner, *conflict);
  }
  return conflict;
}

uint32_t Passthrough::HolderOf(NodeId node, LockOwner owner, const abi::fuse_file_lock& lock) {
  // Nothing is in the way of whoever holds it alone.
  const auto range = HostLock::FromGuest({.lk = {lock.start, lock.end, F_WRLCK, 0}});
  for (const auto& other : lock_descriptions_.OthersOf(node, owner, kMostHolders)) {
    if (!other->holds.load()) {
      continue;
    }
    const auto conflict = range->FindConflict(other->fd.get());
    if (conflict && conflict->type == F_UNLCK) {
      return other->pid.load();
    }
  }
  // A process id of the host means nothing in the guest.
  return 0;
}

Result<UniqueFd> Passthrough::OpenLockDescription(const OpenFile& file) const {
  constexpr int kFlags = O_NONBLOCK | O_NOCTTY;
  // For both kinds of locks, whichever comes first: the owner's other handles use it too. But a
  // program that somebody reads must not become one that nobody can execute (ETXTBSY).
  if (!options_.readonly && (file.access != O_RDONLY || !IsProgram(file.fd.get()))) {
    Result<UniqueFd> both = Reopen(file.fd.get(), O_RDWR | kFlags);
    if (both) {
      return both;
    }
  }
  return Reopen(file.fd.get(), file.access | kFlags);
}

Result<LockDescriptions::Ref> Passthrough::LockDescriptionFor(const OpenFile& file,
                                                              const HostLock& lock,
                                                              const abi::fuse_lk_in& in) {
  const LockOwner owner{in.owner};
  const FileHandle handle{in.fh};
  Result<LockDescriptions::Ref> known = lock_descriptions_.Find(file.node, owner, handle);
  if (!known || *known || lock.type == F_UNLCK) {
    return known;
  }
  FdBudget::Share share = TakeShare();
  if (!share) {
    return Errno(ENOLCK);
  }
  Result<UniqueFd> fd = OpenLockDescription(file);
  if (!fd) {
    return fd.error();
  }
  return lock_descriptions_.Add(
      file.node, owner, handle,
      std::make_shared<LockDescription>(std::move(*fd), std::move(share), lock_ranges_));
}

Status Passthrough::SetLk(RequestContext& context, NodeId node, const abi::fuse_lk_in& in,
                          bool wait) {
  const bool whole_file = (in.lk_flags & abi::FUSE_LK_FLOCK) != 0;
  if (!lock_waits_ ||
      !context.Negotiated(whole_file ? abi::FUSE_FLOCK_LOCKS : abi::FUSE_POSIX_LOCKS)) {
    return Errno(ENOSYS);
  }
  Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  if (!file) {
    return file.error();
  }
  const Result<HostLock> lock = HostLock::FromGuest(in);
  if (!lock) {
    return lock.error();
  }
  LockDescriptions::Ref description;
  if (!whole_file) {
    const Status permitted = CheckAccess(**file, *lock);
    if (!permitted) {
      return permitted;
    }
    auto found = LockDescriptionFor(**file, *lock, in);
    if (!found || *found == nullptr) {
      return found ? Status() : Status(found.error());
    }
    description = std::move(*found);
  }
  const Status set = SetOrWait(context, in, *lock, wait, std::move(*file), std::move(description));
  // A RELEASE or the session's end may have come in between, and has met neither the description
  // nor the wait.
  if (!files_.Find(node, FileHandle{in.fh})) {
    EndLocksOfHandle(node, FileHandle{in.fh});
  }
  return set;
}

Status Passthrough::SetOrWait(RequestContext& context, const abi::fuse_lk_in& in,
                              const HostLock& lock, bool wait, FileRef file,
                              LockDescriptions::Ref description) {
  AboutToAskForLocks(context, *file);
  const Status set = description ? description->Set(lock) : lock.Try(file->fd.get());
  if (set) {
    NoteLock(file->node, in, lock, description.get());
    return set;
  }
  if (set.error() == Errno(EAGAIN) && wait && context.deferral != nullptr) {
    return WaitForLock(context, in, lock, std::move(file), std::move(description));
  }
  // The guest's handle would do: it is the daemon that may not open the file so any more.
  return set.error() == Errno(EBADF) ? Status(Errno(ENOLCK)) : set;
}

void Passthrough::NoteLock(NodeId node, const abi::fuse_lk_in& in, const HostLock& lock,
                           LockDescription* description) {
  bool reconsider = !lock.exclusive();
  if (description != nullptr && lock.type != F_UNLCK) {
    description->pid.store(in.lk.pid);
    reconsider |= !description->holds.exchange(true);
  }
  if (reconsider) {
    lock_waits_->Reconsider(node);
  }
}

Status Passthrough::WaitForLock(RequestContext& context, const abi::fuse_lk_in& in,
                                const HostLock& lock, FileRef file,
                                LockDescriptions::Ref description) {
  std::unique_ptr<fuse::DeferredAnswer> answer = context.deferral->Defer();
  if (answer == nullptr) {
    return Errno(ENOLCK);
  }
  if (description) {
    description->pid.store(in.lk.pid);
  }
  lock_waits_->Add({.node = file->node,
                    .handle = FileHandle{in.fh},
                    .owner = LockOwner{in.owner},
                    .lock = lock,
                    .file = description ? FileRef() : std::move(file),
                    .description = std::move(description),
                    .answer = std::move(answer)});
  return {};
}

void Passthrough::EndLocksOfHandle(NodeId node, FileHandle handle) {
  lock_descriptions_.EndHandle(node, handle);
  lock_waits_->EndHandle(node, handle);
  lock_waits_->Reconsider(node);
}

void Passthrough::EndLocksOfOwner(NodeId node, LockOwner owner) {
  if (lock_waits_) {
    lock_descriptions_.EndOwner(node, owner);
    lock_waits_->Reconsider(node);
  }
}

Status Passthrough::ReleaseLocked(NodeId node, const abi::fuse_release_in& in) {
  const FileHandle handle{in.fh};
  const Result<FileRef> file = files_.Find(node, handle);
  if (!file) {
    return file.error();
  }
  const Status closed = files_.Close(node, handle);
  if (!closed) {
    return closed;
  }
  lock_descriptions_.EndHandle(node, handle);
  lock_waits_->EndHandle(node, handle);
  if ((in.release_flags & abi::FUSE_RELEASE_FLOCK_UNLOCK) != 0) {
    // Whoever else still works with the file must not keep the lock. It ends with the file anyway.
    const HostLock unlock = {.kind = HostLock::Kind::kWholeFile, .type = F_UNLCK};
    static_cast<void>(unlock.Try((*file)->fd.get()));
  }
  lock_waits_->Reconsider(node);
  return {};
}

void Passthrough::EndUnwantedWaits() {
  if (lock_waits_) {
    lock_waits_->EndUnwanted();
  }
}

}  // namespace vfsd::fs::passthrough
