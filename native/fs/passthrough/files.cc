// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/passthrough.h"

namespace vfsd::fs::passthrough {

using fuse::FileHandle;
using fuse::Name;
using fuse::NewObject;
using fuse::NodeId;
using fuse::RequestContext;

namespace {

// What of the guest's open flags reaches the host. O_APPEND does not: it is applied to each write
// (RWF_APPEND), because the guest can change it at any time. O_NOATIME only by option: it is for a
// file's owner, which the daemon may not be.
constexpr int kPassedFlags = O_ACCMODE | O_TRUNC | O_DSYNC | O_SYNC;

/** Whether an open that truncates clears set-id bits. Linux leaves that to the open. */
bool TruncatesAsUser(const RequestContext& context, const abi::fuse_open_in& in) {
  return context.Negotiated(abi::FUSE_HANDLE_KILLPRIV_V2)
             ? (in.open_flags & abi::FUSE_OPEN_KILL_SUIDGID) != 0
             : context.caller.uid != identity::GuestUid{0};
}

/** What close(2) in the guest would do on the host: closing a duplicate runs the file system's
 * flush. */
Status FlushDescriptor(int fd) {
  const auto duplicate = Retry([fd] { return fcntl(fd, F_DUPFD_CLOEXEC, 0); });
  if (!duplicate) {
    return duplicate.error();
  }
  return close(*duplicate) == 0 || errno == EINTR ? Status() : Status(Errno::Last());
}

}  // namespace

int Passthrough::HostOpenFlags(uint32_t guest_flags) const {
  int flags = static_cast<int>(guest_flags) & kPassedFlags;
  if (options_.allow_direct_io) {
    flags |= static_cast<int>(guest_flags) & O_DIRECT;
  }
  if (options_.preserve_noatime) {
    flags |= static_cast<int>(guest_flags) & O_NOATIME;
  }
  // The guest's page cache reads the rest of a page before it writes a part of it, whatever the
  // mode of the open.
  if (options_.writeback && (flags & O_ACCMODE) == O_WRONLY) {
    flags = (flags & ~O_ACCMODE) | O_RDWR;
  }
  return flags | O_NONBLOCK | O_NOCTTY;
}

Result<UniqueFd> Passthrough::Reopen(int fd, int flags) const {
  if (options_.readonly) {
    Result<UniqueFd> opened = proc_self_fd_.Reopen(fd, flags | O_NOATIME);
    // Only a file's owner and CAP_FOWNER may.
    if (opened || opened.error() != Errno(EPERM)) {
      return opened;
    }
  }
  return proc_self_fd_.Reopen(fd, flags);
}

Result<UniqueFd> Passthrough::OpenRegular(const Inode& inode, int flags) const {
  if (inode.type != S_IFREG) {
    // Opening a device or a FIFO would give the guest the host's (CVE-2020-35517), or block.
    return Errno(inode.type == S_IFDIR ? EISDIR : inode.type == S_IFLNK ? ELOOP : ENXIO);
  }
  return Reopen(inode.fd.get(), flags);
}

uint32_t Passthrough::FileOpenFlags(MountTraits traits) const {
  // A process that closes a file loses its locks there, and FLUSH is how that is told.
  uint32_t flags = traits.flush_matters || options_.posix_lock ? 0 : abi::FOPEN_NOFLUSH;
  // The host's file system orders writes to the same bytes, as it does for its own processes. With
  // write-back the guest's kernel has to do it.
  if (!options_.writeback) {
    flags |= abi::FOPEN_PARALLEL_DIRECT_WRITES;
  }
  switch (options_.cache) {
    case fuse::CacheMode::kNever:
    case fuse::CacheMode::kMetadata:
      return flags | abi::FOPEN_DIRECT_IO;
    case fuse::CacheMode::kAuto:
      return flags;
    case fuse::CacheMode::kAlways:
      return flags | abi::FOPEN_KEEP_CACHE;
  }
  return flags;
}

Result<abi::fuse_open_out> Passthrough::Register(NodeId node, UniqueFd fd, MountTraits traits,
                                                 FdBudget::Share share, uint32_t guest_flags) {
  const int access = static_cast<int>(guest_flags) & O_ACCMODE;
  // O_SYNC has the bit of O_DSYNC. Memory keeps nobody waiting.
  const int waiting = O_DSYNC | (options_.allow_direct_io ? O_DIRECT : 0);
  const bool writes_wait =
      traits.asks_server || (!traits.in_memory && (static_cast<int>(guest_flags) & waiting) != 0);
  const auto handle =
      files_.Insert({node, std::move(fd), traits, std::move(share), access, writes_wait});
  if (!handle) {
    return Errno(ENFILE);
  }
  return abi::fuse_open_out{static_cast<uint64_t>(*handle), FileOpenFlags(traits), 0};
}

Result<abi::fuse_open_out> Passthrough::Open(RequestContext& context, NodeId node,
                                             const abi::fuse_open_in& in) {
  // First, since an inode in use does not give its own share.
  FdBudget::Share share = TakeShare();
  const Result<InodeRef> inode = FindInode(context, node);
  if (!inode) {
    return inode.error();
  }
  if (!share) {
    return Errno(EMFILE);
  }
  if ((in.flags & O_TRUNC) != 0) {
    const Status decided = DecideSetIdBits(context, TruncatesAsUser(context, in));
    if (!decided) {
      return decided.error();
    }
    AnnounceTruncation(context, (*inode)->fd.get(), (*inode)->traits, 0);
  }
  Result<UniqueFd> file = OpenRegular(**inode, HostOpenFlags(in.flags));
  if (!file && file.error() == Errno(EAGAIN)) {
    // A program of the host has a lease on the file, which it now gives up, or is made to.
    context.sleep.AboutToSleep();
    file = OpenRegular(**inode, HostOpenFlags(in.flags) & ~O_NONBLOCK);
  }
  if (!file && file.error() == Errno(EPERM) && (in.flags & O_APPEND) != 0) {
    // chattr +a: such a file can be opened for writing in no other way.
    file = OpenRegular(**inode, HostOpenFlags(in.flags) | O_APPEND);
  }
  return file ? Register(node, std::move(*file), (*inode)->traits, std::move(share), in.flags)
              : file.error();
}

Result<Passthrough::NewFilePlace> Passthrough::FindPlaceForFile(const RequestContext& context,
                                                                NodeId parent) {
  // Before the file is there, and before its directory is pinned: an inode in use does not give its
  // own share.
  FdBudget::Share file_share = TakeShare();
  Result<InodeRef> directory = FindDirectory(context, parent);
  if (!directory) {
    return directory.error();
  }
  Result<FdBudget::Share> inode_share = TakeShareForNew(**directory);
  if (!inode_share || !file_share) {
    return inode_share ? Errno(EMFILE) : inode_share.error();
  }
  return NewFilePlace{std::move(*directory), std::move(*inode_share), std::move(file_share)};
}

Result<UniqueFd> Passthrough::OpenAsCreator(const RequestContext& context, const Inode& directory,
                                            const char* name, const NewObject& object,
                                            int flags) const {
  const auto identity = ActAsCreator(context, directory, object);
  if (!identity) {
    return identity.error();
  }
  return RetryFd(
      [&] { return openat(directory.fd.get(), name, flags | O_CLOEXEC, object.mode & kModeBits); });
}

Result<fuse::Created> Passthrough::Create(RequestContext& context, NodeId parent, const Name& name,
                                          const NewObject& object, const abi::fuse_open_in& in) {
  Result<NewFilePlace> place = FindPlaceForFile(context, parent);
  if (!place) {
    return place.error();
  }
  // Always exclusively: what exists already was put there by whomever since the guest looked, and
  // might be a device or a FIFO.
  Result<UniqueFd> file = OpenAsCreator(context, *place->directory, name.c_str(), object,
                                        HostOpenFlags(in.flags) | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (!file) {
    // Linux takes what CREATE answers for new and does not ask any more who may open it. ESTALE
    // makes it look again, find what is there, and decide.
    const bool may_exist = file.error() == Errno(EEXIST) && (in.flags & O_EXCL) == 0;
    return may_exist ? Errno(ESTALE) : file.error();
  }
  auto created = FinishCreate(context, std::move(*file), *place, object, in.flags);
  if (!created) {
    unlinkat(place->directory->fd.get(), name.c_str(), 0);
  }
  return created;
}

Result<fuse::Created> Passthrough::TmpFile(RequestContext& context, NodeId parent,
                                           const NewObject& object, const abi::fuse_open_in& in) {
  Result<NewFilePlace> place = FindPlaceForFile(context, parent);
  if (!place) {
    return place.error();
  }
  // O_EXCL: it is never to get a name.
  const int flags = HostOpenFlags(in.flags) | (static_cast<int>(in.flags) & O_EXCL) | O_TMPFILE;
  Result<UniqueFd> file = OpenAsCreator(context, *place->directory, ".", object, flags & ~O_TRUNC);
  return file ? FinishCreate(context, std::move(*file), *place, object, in.flags) : file.error();
}

Result<fuse::Created> Passthrough::FinishCreate(const RequestContext& context, UniqueFd file,
                                                NewFilePlace& place, const NewObject& object,
                                                uint32_t guest_flags) {
  const Status labelled = ApplyLabels(context, file.get(), object);
  if (!labelled) {
    return labelled.error();
  }
  Result<UniqueFd> o_path = proc_self_fd_.OpenPath(file.get());
  if (!o_path) {
    return o_path.error();
  }
  LookupForesight unused;
  const auto entry = LookUpFd(context, std::move(*o_path), std::move(place.inode_share), unused);
  if (!entry) {
    return entry.error();
  }
  const NodeId node{entry->nodeid};
  // A new file is on its directory's file system. The inode itself is not asked: a hostile guest
  // may have forgotten it already.
  MountTraits traits = place.directory->traits;
  traits.reads_stop_anywhere = true;
  const auto open =
      Register(node, std::move(file), traits, std::move(place.file_share), guest_flags);
  if (!open) {
    Forget(node, 1);
    return open.error();
  }
  return fuse::Created{*entry, *open};
}

Status Passthrough::Flush(RequestContext& context, NodeId node, FileHandle handle,
                          fuse::LockOwner owner) {
  const Result<FileRef> file = files_.Find(node, handle);
  if (!file) {
    return file.error();
  }
  Status flushed;
  if ((*file)->traits.flush_matters) {
    context.sleep.AboutToSleep();
    flushed = FlushDescriptor((*file)->fd.get());
  }
  // Behind the data: who gets the lock next may read it elsewhere.
  EndLocksOfOwner(node, owner);
  return flushed;
}

Status Passthrough::Fsync(RequestContext& context, NodeId node, FileHandle handle, bool data_only) {
  const Result<FileRef> file = files_.Find(node, handle);
  if (!file) {
    return file.error();
  }
  context.sleep.AboutToSleep();
  const int fd = (*file)->fd.get();
  return RetryStatus([&] { return data_only ? fdatasync(fd) : fsync(fd); });
}

Status Passthrough::Release(RequestContext& context, NodeId node, const abi::fuse_release_in& in) {
  // Closed at the end of this scope, unless another request works with it still.
  const Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  if (!file) {
    return file.error();
  }
  HandOverToServer(context, (*file)->traits);
  if (lock_waits_) {
    return ReleaseLocked(node, in);
  }
  return files_.Close(node, FileHandle{in.fh});
}

}  // namespace vfsd::fs::passthrough
