// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "fs/forwarding.h"
#include "fs/mapped/stored_attributes.h"
#include "identity/credentials.h"

namespace vfsd::fs::mapped {

struct Options {
  /** Permission bits of what is made on the host. */
  uint32_t file_mode = 0600;
  uint32_t directory_mode = 0700;
  /** The guest has extended attributes at all. */
  bool xattr = false;
};

/**
 * A guest with owners, modes, symbolic links and devices of its own, on a host where all of it is
 * one user's directories and regular files: QEMU's mapped security models. What the guest has is
 * kept beside the files, how is for those to say who derive from this.
 *
 * Everything but a directory is a regular file on the host. It is made without a name, gets its
 * attributes, and then its name: what a crash leaves is there as a whole or not at all, wherever
 * the host's file system has O_TMPFILE.
 *
 * What the host's kernel does about owners and modes is done here: set-id bits go when contents or
 * owner change, a set-group-ID directory and a default access control list are handed down, a list
 * and its mode agree.
 */
class Mapped : public Forwarding {
 public:
  /** @param hidden_xattrs what the names of this class's own extended attributes begin with; access
   * control lists are kept behind it. Empty: there are none, and lists are the host's own. */
  Mapped(fuse::FileSystem& inner, const Options& options, const identity::ProcessIdentity& identity,
         std::string_view hidden_xattrs);

  // mapped.cc
  Result<abi::fuse_entry_out> Lookup(RequestContext&, NodeId, const Name&) final;
  Result<abi::fuse_attr_out> GetAttr(RequestContext&, NodeId) final;
  Result<abi::fuse_statx_out> Statx(RequestContext&, NodeId, uint32_t mask) final;
  Status Access(RequestContext&, NodeId, uint32_t mask) final;
  Result<size_t> ReadLink(RequestContext&, NodeId, std::span<char> target) final;
  Status ReadDir(RequestContext&, NodeId, FileHandle, uint64_t offset, fuse::DirentWriter&) final;
  Result<abi::fuse_entry_out> Link(RequestContext&, NodeId, NodeId parent, const Name&) final;
  Status Unlink(RequestContext&, NodeId, const Name&) final;
  Status RmDir(RequestContext&, NodeId, const Name&) final;
  Status Rename(RequestContext&, NodeId, const Name&, NodeId new_parent, const Name& new_name,
                uint32_t flags) final;

  // changes.cc
  Result<abi::fuse_attr_out> SetAttr(RequestContext&, NodeId, const abi::fuse_setattr_in&) final;
  Result<abi::fuse_open_out> Open(RequestContext&, NodeId, const abi::fuse_open_in&) final;
  Result<size_t> Write(RequestContext&, NodeId, const abi::fuse_write_in&,
                       memory::SegmentCursor& from) final;
  Status Fallocate(RequestContext&, NodeId, const abi::fuse_fallocate_in&) final;
  Result<size_t> CopyFileRange(RequestContext&, NodeId, const abi::fuse_copy_file_range_in&) final;

  // creation.cc
  Result<abi::fuse_entry_out> MkNod(RequestContext&, NodeId, const Name&, const NewObject&,
                                    uint32_t device) final;
  Result<abi::fuse_entry_out> MkDir(RequestContext&, NodeId, const Name&, const NewObject&) final;
  Result<abi::fuse_entry_out> Symlink(RequestContext&, NodeId, const Name&, const char* target,
                                      const NewObject&) final;
  Result<fuse::Created> Create(RequestContext&, NodeId, const Name&, const NewObject&,
                               const abi::fuse_open_in&) final;
  Result<fuse::Created> TmpFile(RequestContext&, NodeId, const NewObject&,
                                const abi::fuse_open_in&) final;

  // xattrs.cc
  Status SetXattr(RequestContext&, NodeId, const char* name, std::span<const std::byte> value,
                  const abi::fuse_setxattr_in&) final;
  Result<size_t> GetXattr(RequestContext&, NodeId, const char* name,
                          std::span<std::byte> value) final;
  Result<size_t> ListXattr(RequestContext&, NodeId, std::span<std::byte> names) final;
  Status RemoveXattr(RequestContext&, NodeId, const char* name) final;

 protected:
  // Where attributes are kept. Contexts are the daemon's own: AsSelf.

  virtual Result<StoredAttributes> ReadStored(RequestContext&, NodeId) = 0;
  /** Of these, the mode alone. */
  virtual Result<std::optional<uint32_t>> ReadStoredMode(RequestContext&, NodeId) = 0;
  /** Keeps what `change` has and leaves the rest. Not at the same time as another for this node. */
  virtual Status ChangeStored(RequestContext&, NodeId, const StoredAttributes& change) = 0;

  // A new object's attributes: with the object while it has no name yet; for the name that it is
  // about to get, EEXIST when there is such an object; and for what is to have none.

  virtual Status StoreInObject(RequestContext&, NodeId, const StoredAttributes&) { return {}; }
  virtual Status StoreForName(RequestContext&, NodeId /*parent*/, const Name&,
                              const StoredAttributes&) {
    return {};
  }
  /** It has not got that name after all. */
  virtual void WithdrawName(RequestContext&, NodeId /*parent*/, const Name&) {}
  virtual Status StoreUnnamed(RequestContext&, NodeId /*parent*/, NodeId /*node*/,
                              const StoredAttributes&) {
    return {};
  }

  /** The guest is about to be told of an entry, which adds a lookup. */
  virtual Status Meet(RequestContext&, NodeId /*parent*/, const Name&, NodeId /*node*/) {
    return {};
  }
  /** A name that the guest can neither see nor use: EINVAL. */
  virtual bool Hides(std::string_view /*name*/) const { return false; }

  // The operations on names that are not hidden.

  virtual Result<abi::fuse_entry_out> LinkShown(RequestContext& self, NodeId node, NodeId parent,
                                                const Name& name) {
    return inner_.Link(self, node, parent, name);
  }
  virtual Status UnlinkShown(RequestContext& self, NodeId parent, const Name& name) {
    return inner_.Unlink(self, parent, name);
  }
  virtual Status RmDirShown(RequestContext& self, NodeId parent, const Name& name) {
    return inner_.RmDir(self, parent, name);
  }
  virtual Status RenameShown(RequestContext& self, NodeId parent, const Name& name,
                             NodeId new_parent, const Name& new_name, uint32_t flags) {
    return inner_.Rename(self, parent, name, new_parent, new_name, flags);
  }

  std::mutex& LockOf(NodeId node) { return locks_[static_cast<uint64_t>(node) % locks_.size()]; }

 private:
  class Listing;

  /** Everything about something new that the host is not to know. */
  struct NewAttributes {
    StoredAttributes stored;
    /** Empty: none. */
    std::vector<std::byte> access_list;
    std::vector<std::byte> default_list;
    std::span<const fuse::SecurityLabel> labels;
    /** A symbolic link's target. */
    std::string_view content;
  };

  /** The request as it is when the daemon's own user acts on the host, whoever asks. */
  RequestContext AsSelf(const RequestContext& context) const;
  /** The same for what is going to be told to the guest: the entry of an object. Takes the lookup
   * back when that fails. */
  Result<abi::fuse_entry_out> Present(RequestContext& self, NodeId parent, const Name& name,
                                      Result<abi::fuse_entry_out> entry);

  // changes.cc
  /** Keeps what a SETATTR says about owner and mode. */
  Status StoreChange(RequestContext& context, NodeId node, const abi::fuse_setattr_in& in);
  Status ClearSetIdBits(RequestContext& context, NodeId node);
  /** Clears them unless the guest's root is at work. */
  Status ClearSetIdBitsAsUser(RequestContext& context, NodeId node);

  // creation.cc
  /** @param mode with the type */
  Result<NewAttributes> AttributesOfNew(RequestContext& context, NodeId parent,
                                        const NewObject& object, uint32_t mode);
  /** The list that new objects in a directory begin with; empty: there is none. */
  Result<std::vector<std::byte>> DefaultListOf(RequestContext& context, NodeId directory);
  Status Furnish(RequestContext& self, NodeId node, const NewAttributes& wanted,
                 std::optional<FileHandle> file);
  /** Makes a regular file of the host, and opens it. */
  Result<fuse::Created> MakeFile(RequestContext& context, NodeId parent, const Name& name,
                                 const NewAttributes& wanted, const abi::fuse_open_in& in);
  /** The same where there are no files without a name. */
  Result<fuse::Created> MakeNamedFile(RequestContext& self, NodeId parent, const Name& name,
                                      const NewAttributes& wanted, const abi::fuse_open_in& in);
  Result<abi::fuse_entry_out> MakeClosedFile(RequestContext& context, NodeId parent,
                                             const Name& name, const NewAttributes& wanted);
  void Discard(RequestContext& self, const fuse::Created& made);

  // xattrs.cc
  /** Where a list is kept: `system.posix_acl_…` as the host has it. */
  const char* HostNameOfList(std::string_view name) const;
  Status SetAccessList(RequestContext& context, NodeId node, const char* name,
                       std::span<const std::byte> value, const abi::fuse_setxattr_in& in);
  Status SetInnerXattr(RequestContext& context, NodeId node, const char* name,
                       std::span<const std::byte> value, uint32_t flags = 0);
  /** The access list of what gets another mode follows it. */
  Status SetModeOfAccessList(RequestContext& context, NodeId node, uint32_t mode);
  /** Removes a list if there is one. */
  Status RemoveList(RequestContext& context, NodeId node, const char* host_name);
  Status CheckXattrName(const RequestContext& context, std::string_view name) const;
  /** One of this class's own. */
  bool IsHiddenXattr(std::string_view name) const {
    return !hidden_xattrs_.empty() && name.starts_with(hidden_xattrs_);
  }

  const Options options_;
  const fuse::Caller self_;
  const std::string_view hidden_xattrs_;
  /** Held from the reading of a node's attributes to their change. By nodeid, so that few wait for
   * each other. */
  std::array<std::mutex, 64> locks_;
};

}  // namespace vfsd::fs::mapped
