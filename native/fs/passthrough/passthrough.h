// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"
#include "fs/passthrough/fd_budget.h"
#include "fs/passthrough/inode.h"
#include "fs/passthrough/inode_table.h"
#include "fs/passthrough/lock_descriptions.h"
#include "fs/passthrough/lock_waits.h"
#include "fs/passthrough/mount_traits.h"
#include "fs/passthrough/mounts.h"
#include "fs/passthrough/open_files.h"
#include "fs/passthrough/validity.h"
#include "fuse/file_system.h"
#include "fuse/session.h"
#include "identity/credentials.h"
#include "sys/proc_self_fd.h"
#include "sys/thread_seal.h"

namespace vfsd::fs::passthrough {

/** One that is cold costs about 130 bytes of the daemon's memory: 1 GiB. Linux forgets what it has
 * no memory for long before. */
inline constexpr size_t kMaxInodes = size_t{8} * 1024 * 1024;

struct Options {
  fuse::CacheMode cache = fuse::CacheMode::kAuto;
  /** At first; see Passthrough::SetTimeouts. */
  Validities timeouts;
  bool xattr = false;
  bool writeback = false;
  bool allow_direct_io = false;
  /** Let the guest open files without moving their access time. */
  bool preserve_noatime = false;
  /** Nothing of the share is to change: access times neither, where that is permitted. */
  bool readonly = false;
  InodeFileHandles inode_file_handles = InodeFileHandles::kNever;
  /** The guest's locks of fcntl(2) and of flock(2) are locks on the host. */
  bool posix_lock = false;
  bool flock = false;
  /** Between the guest and this, ids change: a caller's, where nothing is made, are the guest's. */
  bool ids_are_translated = false;
  /** Descriptors that the guest may make the daemon hold. */
  int64_t guest_fd_limit = 1024;
  /** Inodes that the guest may know. */
  size_t inode_limit = kMaxInodes;
};

/**
 * A directory of the host, served as it is. Every operation is a system call relative to a
 * descriptor; no path is kept or built. Files are made with the guest user's ids; permission was
 * checked by the guest's kernel.
 *
 * The working directory of the process is `proc_self_fd` while this works (ProcSelfFd::Enter).
 */
class Passthrough final : public fuse::FileSystem {
 public:
  Passthrough(const Options& options, sys::ProcSelfFd proc_self_fd,
              const identity::ProcessIdentity& identity);

  /**
   * Begins to serve the tree below `root`, an O_PATH descriptor, and creates the threads that wait
   * for locks, which stand at `lock_threads` first, if it is given. ENOTDIR when it is no
   * directory. EOPNOTSUPP, EPERM: there are no file handles, and they are mandatory.
   */
  Status Open(UniqueFd root, sys::ThreadSeal* lock_threads = nullptr);

  /** What the guest is told from now on; it keeps what it was told before. By any thread. */
  void SetTimeouts(const Validities& timeouts);

  /** What the guest makes the daemon hold. By any thread. */
  struct Holdings {
    uint64_t inodes;
    uint64_t open_files;
    uint64_t open_directories;
    int64_t descriptors;
    int64_t descriptor_limit;
  };
  Holdings Held() const {
    return {.inodes = inodes_.Count(),
            .open_files = files_.Count(),
            .open_directories = directories_.Count(),
            .descriptors = budget_.taken(),
            .descriptor_limit = budget_.limit()};
  }

  void Reset() override;
  void EndUnwantedWaits() override;

  // lookup.cc
  Result<abi::fuse_entry_out> Lookup(fuse::RequestContext&, fuse::NodeId,
                                     const fuse::Name&) override;

  // inodes.cc
  void Forget(fuse::NodeId, uint64_t nlookup) override;
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override;
  Status Access(fuse::RequestContext&, fuse::NodeId, uint32_t mask) override;
  Result<size_t> ReadLink(fuse::RequestContext&, fuse::NodeId, std::span<char> target) override;
  Result<abi::fuse_kstatfs> StatFs(fuse::RequestContext&, fuse::NodeId) override;
  Status SyncFs(fuse::RequestContext&, fuse::NodeId) override;

  Result<abi::fuse_statx_out> Statx(fuse::RequestContext&, fuse::NodeId, uint32_t mask) override;

  // set_attributes.cc
  Result<abi::fuse_attr_out> SetAttr(fuse::RequestContext&, fuse::NodeId,
                                     const abi::fuse_setattr_in&) override;

  // names.cc
  Result<abi::fuse_entry_out> MkNod(fuse::RequestContext&, fuse::NodeId, const fuse::Name&,
                                    const fuse::NewObject&, uint32_t device) override;
  Result<abi::fuse_entry_out> MkDir(fuse::RequestContext&, fuse::NodeId, const fuse::Name&,
                                    const fuse::NewObject&) override;
  Result<abi::fuse_entry_out> Symlink(fuse::RequestContext&, fuse::NodeId, const fuse::Name&,
                                      const char* target, const fuse::NewObject&) override;
  Result<abi::fuse_entry_out> Link(fuse::RequestContext&, fuse::NodeId, fuse::NodeId parent,
                                   const fuse::Name&) override;
  Status Unlink(fuse::RequestContext&, fuse::NodeId, const fuse::Name&) override;
  Status RmDir(fuse::RequestContext&, fuse::NodeId, const fuse::Name&) override;
  Status Rename(fuse::RequestContext&, fuse::NodeId, const fuse::Name&, fuse::NodeId new_parent,
                const fuse::Name& new_name, uint32_t flags) override;

  // files.cc
  Result<abi::fuse_open_out> Open(fuse::RequestContext&, fuse::NodeId,
                                  const abi::fuse_open_in&) override;
  Result<fuse::Created> Create(fuse::RequestContext&, fuse::NodeId, const fuse::Name&,
                               const fuse::NewObject&, const abi::fuse_open_in&) override;
  Result<fuse::Created> TmpFile(fuse::RequestContext&, fuse::NodeId, const fuse::NewObject&,
                                const abi::fuse_open_in&) override;
  Status Flush(fuse::RequestContext&, fuse::NodeId, fuse::FileHandle, fuse::LockOwner) override;
  Status Fsync(fuse::RequestContext&, fuse::NodeId, fuse::FileHandle, bool data_only) override;
  Status Release(fuse::RequestContext&, fuse::NodeId, const abi::fuse_release_in&) override;

  // locks.cc
  Result<abi::fuse_file_lock> GetLk(fuse::RequestContext&, fuse::NodeId,
                                    const abi::fuse_lk_in&) override;
  Status SetLk(fuse::RequestContext&, fuse::NodeId, const abi::fuse_lk_in&, bool wait) override;

  // data.cc
  Status Read(fuse::RequestContext&, fuse::NodeId, const abi::fuse_read_in&,
              memory::SegmentCursor& to) override;
  Result<size_t> Write(fuse::RequestContext&, fuse::NodeId, const abi::fuse_write_in&,
                       memory::SegmentCursor& from) override;
  Status Fallocate(fuse::RequestContext&, fuse::NodeId, const abi::fuse_fallocate_in&) override;
  Result<uint64_t> Lseek(fuse::RequestContext&, fuse::NodeId, const abi::fuse_lseek_in&) override;
  Result<size_t> CopyFileRange(fuse::RequestContext&, fuse::NodeId,
                               const abi::fuse_copy_file_range_in&) override;

  // ioctls.cc
  Result<size_t> Ioctl(fuse::RequestContext&, fuse::NodeId, const abi::fuse_ioctl_in&,
                       std::span<const std::byte> input, std::span<std::byte> output) override;

  // directories.cc
  Result<abi::fuse_open_out> OpenDir(fuse::RequestContext&, fuse::NodeId) override;
  Status ReadDir(fuse::RequestContext&, fuse::NodeId, fuse::FileHandle, uint64_t offset,
                 fuse::DirentWriter&) override;
  Status FsyncDir(fuse::RequestContext&, fuse::NodeId, fuse::FileHandle, bool data_only) override;
  Status ReleaseDir(fuse::RequestContext&, fuse::NodeId, fuse::FileHandle) override;

  // xattrs.cc
  Status SetXattr(fuse::RequestContext&, fuse::NodeId, const char* name,
                  std::span<const std::byte> value, const abi::fuse_setxattr_in&) override;
  Result<size_t> GetXattr(fuse::RequestContext&, fuse::NodeId, const char* name,
                          std::span<std::byte> value) override;
  Result<size_t> ListXattr(fuse::RequestContext&, fuse::NodeId,
                           std::span<std::byte> names) override;
  Status RemoveXattr(fuse::RequestContext&, fuse::NodeId, const char* name) override;

 private:
  using InodeRef = PinnedInode;
  using FileRef = OpenTable<OpenFile>::Ref;
  using DirectoryRef = OpenTable<OpenDirectory>::Ref;

  // pinning.cc

  /** Hands the lead over where another machine or program has to be asked, however long it takes.
   */
  static void HandOverToServer(const fuse::RequestContext& context, MountTraits traits);
  /**
   * What an operation works with; where that may have to ask a server, the lead has been handed
   * over. ESTALE: no such node, or the guest has forgotten it, or its object is no more.
   */
  Result<InodeRef> FindInode(const fuse::RequestContext& context, fuse::NodeId node);
  /** The same, for an operation that needs a directory: ENOTDIR. */
  Result<InodeRef> FindDirectory(const fuse::RequestContext& context, fuse::NodeId node);
  Result<InodeRef> Pin(InodeTable::Ref&& inode);
  /** Opens a cold inode, which becomes hot if there is a share to be had. */
  Result<InodeRef> PinCold(InodeTable::Ref&& inode);
  /** What `name` is, for as long as it is removed there, if the guest knows it: a removed object
   * that is cold could not be opened again. */
  std::optional<InodeRef> PinRemoved(int directory, const char* name);
  /** A share for what needs a descriptor, taken from inodes if need be; empty: EMFILE. */
  FdBudget::Share TakeShare();
  /** A share for an inode that is about to be made below `directory`. EMFILE; ENFILE: no more
   * inodes.
   */
  Result<FdBudget::Share> TakeShareForNew(const Inode& directory);

  // lookup.cc

  /**
   * The entry of a name in a directory, with a lookup added to its inode. EMFILE: the budget is
   * used up; ENFILE: no more inodes.
   * @param foresight the directory's, or the listing's
   */
  Result<abi::fuse_entry_out> LookUpIn(const fuse::RequestContext& context, int directory,
                                       const char* name, LookupForesight& foresight);
  /**
   * The same for what is likely to be unknown. With what TakeShareForNew has answered, for what has
   * just been made there, neither EMFILE nor ENFILE can be.
   * @param foresight what learns from it
   */
  Result<abi::fuse_entry_out> OpenAndLookUp(const fuse::RequestContext& context, int directory,
                                            const char* name, FdBudget::Share share,
                                            LookupForesight& foresight);
  /** The entry of what `o_path` refers to, with a lookup added. EACCES: it is not to be served. */
  Result<abi::fuse_entry_out> LookUpFd(const fuse::RequestContext& context, UniqueFd o_path,
                                       FdBudget::Share share, LookupForesight& foresight);
  /** The inode that is known by that key, with a lookup added, if it is the object of that name for
   * certain.
   * @param newest InodeTable::Newest before the key was asked for */
  Result<std::optional<fuse::NodeId>> LookUpKnown(const InodeKey& key, uint64_t newest,
                                                  int directory, const char* name);
  /** The same for the key of what `fd` keeps from being freed. A cold inode that has it and is
   * another object is no more. */
  Result<std::optional<fuse::NodeId>> LookUpPinned(const InodeKey& key, int fd);
  /** Makes the object behind `fd` known, unless it is; answers its node, with a lookup added. */
  Result<fuse::NodeId> AddInode(KnownInode inode, int fd, LookupForesight& foresight);
  /** EACCES, EOPNOTSUPP: what is there is not served. */
  Result<const Mount*> MountOf(const struct statx& attributes, int o_path);

  abi::fuse_entry_out EntryOf(const fuse::RequestContext& context, fuse::NodeId node,
                              const struct statx& attributes) const;
  /** How long the guest may believe what it is told of a file. */
  Validity AttributeValidity(const fuse::RequestContext& context, uint32_t mode) const;
  Result<abi::fuse_attr_out> AttributesOf(const fuse::RequestContext& context,
                                          const Inode& inode) const;

  // creation.cc
  /**
   * Readies the calling thread to make `object` in a directory for the caller: what `make` is to do
   * meanwhile is one system call. Answers the identity, to be held for as long.
   */
  Result<identity::ScopedIdentity> ActAsCreator(const fuse::RequestContext& context,
                                                const Inode& directory,
                                                const fuse::NewObject& object) const;
  /** Gives what has just been made its labels. */
  Status ApplyLabels(const fuse::RequestContext& context, int fd,
                     const fuse::NewObject& object) const;
  /**
   * Makes something in a directory as the caller, by `make`, and answers its entry. It is taken
   * away again, by unlinkat(2) with `unlink_flags`, when it cannot be made whole.
   */
  template <typename Make>
  Result<abi::fuse_entry_out> MakeEntry(fuse::RequestContext& context, fuse::NodeId parent,
                                        const fuse::Name& name, const fuse::NewObject& object,
                                        int unlink_flags, Make make);

  /** open(2) flags for the host from those of the guest. */
  int HostOpenFlags(uint32_t guest_flags) const;
  /** Opens an inode's file. Only regular files: anything else is the guest kernel's business, never
   * the daemon's. */
  Result<UniqueFd> OpenRegular(const Inode& inode, int flags) const;
  Result<abi::fuse_open_out> Register(fuse::NodeId node, UniqueFd fd, MountTraits traits,
                                      FdBudget::Share share, uint32_t guest_flags);
  /** Opens what `fd` refers to; without moving access times, where that was asked for and may be.
   */
  Result<UniqueFd> Reopen(int fd, int flags) const;
  /** Where a file is to be made, with room for the inode and the open file that it will be. */
  struct NewFilePlace {
    InodeRef directory;
    FdBudget::Share inode_share;
    FdBudget::Share file_share;
  };
  Result<NewFilePlace> FindPlaceForFile(const fuse::RequestContext& context, fuse::NodeId parent);
  /** Opens something new below a directory, by openat(2) with `flags` and as the caller. */
  Result<UniqueFd> OpenAsCreator(const fuse::RequestContext& context, const Inode& directory,
                                 const char* name, const fuse::NewObject& object, int flags) const;
  /** The entry and the handle of a file that has just been made and opened; takes the shares. */
  Result<fuse::Created> FinishCreate(const fuse::RequestContext& context, UniqueFd file,
                                     NewFilePlace& place, const fuse::NewObject& object,
                                     uint32_t guest_flags);
  uint32_t FileOpenFlags(MountTraits traits) const;

  // locks.cc
  /** The description that holds the owner's locks, opened if there is none. Null: there is none,
   * and nothing to unlock. */
  Result<LockDescriptions::Ref> LockDescriptionFor(const OpenFile& file, const HostLock& lock,
                                                   const abi::fuse_lk_in& in);
  Result<UniqueFd> OpenLockDescription(const OpenFile& file) const;
  /** The guest's process that alone holds a lock which is in the way of `owner`; 0: not known. */
  uint32_t HolderOf(fuse::NodeId node, fuse::LockOwner owner, const abi::fuse_file_lock& lock);
  void NoteLock(fuse::NodeId node, const abi::fuse_lk_in& in, const HostLock& lock,
                LockDescription* description);
  Status SetOrWait(fuse::RequestContext& context, const abi::fuse_lk_in& in, const HostLock& lock,
                   bool wait, FileRef file, LockDescriptions::Ref description);
  Status WaitForLock(fuse::RequestContext& context, const abi::fuse_lk_in& in, const HostLock& lock,
                     FileRef file, LockDescriptions::Ref description);
  /** The handle is gone, and with it what was asked for through it. */
  void EndLocksOfHandle(fuse::NodeId node, fuse::FileHandle handle);
  /** The owner has closed a descriptor of the file, and has no locks there any more. */
  void EndLocksOfOwner(fuse::NodeId node, fuse::LockOwner owner);
  Status ReleaseLocked(fuse::NodeId node, const abi::fuse_release_in& in);

  /** Lets what the calling thread changes next in a file's content clear its set-id bits, or not.
   */
  Status DecideSetIdBits(const fuse::RequestContext& context, bool clears) const;

  /** Says that the thread may sleep when what a file is about to lose takes long to free. */
  static void AnnounceTruncation(const fuse::RequestContext& context, int fd, MountTraits traits,
                                 uint64_t size);
  Status ApplySize(const fuse::RequestContext& context, const Inode& inode,
                   const abi::fuse_setattr_in& in, fuse::NodeId node);

  // directories.cc; each with the listing's lock held.
  /** Half of a usual page-cache read-ahead of a directory. */
  static constexpr size_t kListingSize = size_t{16} * 1024;
  using Entries = std::span<std::byte, kListingSize>;
  /** Gives a listing its buffer; false when too many others have one. */
  bool KeepsEntries(OpenDirectory::Listing& listing);
  /** @param entries where what getdents64 returns is put */
  Status List(fuse::RequestContext& context, OpenDirectory& directory, uint64_t offset,
              Entries entries, fuse::DirentWriter& out);
  static Status SeekListing(OpenDirectory& directory, uint64_t offset);
  /** False at the directory's end. */
  static Result<bool> FillListing(OpenDirectory& directory, Entries entries);
  void AddEntry(fuse::RequestContext& context, OpenDirectory& directory,
                const fuse::DirentWriter::Entry& entry, fuse::DirentWriter& out);

  /** ENOSYS, which Linux remembers, when attributes are not served. */
  Result<InodeRef> FindForXattr(const fuse::RequestContext& context, fuse::NodeId node);
  /** The host's kernel keeps the bit for a file of a group that is the daemon's own. */
  Status ClearSetGroupId(const Inode& inode) const;
  /** EOPNOTSUPP: the attribute is a list that the guest's kernel would not obey. */
  static Status CheckXattrName(const fuse::RequestContext& context, const char* name);

  // Listings in progress that hold a buffer, which bounds the memory for them to 16 MiB. Others are
  // slower: no user of the guest can take listings from another one.
  static constexpr int kMaxListings = 1024;
  // Sets directory handles apart from file handles.
  static constexpr uint64_t kDirectoryTag = 1ull << 63;

  const Options options_;
  // Of these, `options_` has what they were at first.
  ChangingValidity entry_timeout_;
  ChangingValidity attr_timeout_;
  ChangingValidity negative_timeout_;
  const sys::ProcSelfFd proc_self_fd_;
  const identity::ProcessIdentity identity_;
  FdBudget budget_;
  Mounts mounts_{options_.inode_file_handles, proc_self_fd_};
  InodeTable inodes_;
  OpenTable<OpenFile> files_{0};
  OpenTable<OpenDirectory> directories_{kDirectoryTag};
  std::atomic<int> listings_ = 0;
  // Before the descriptions, which give back what they have of it.
  LockRangeBudget lock_ranges_;
  LockDescriptions lock_descriptions_;
  /** Null: the guest keeps its locks to itself. Last, as its threads use what is above. */
  std::unique_ptr<LockWaits> lock_waits_;
};

}  // namespace vfsd::fs::passthrough
