// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/mapped/mapped.h"
#include "fs/mapped/places.h"

namespace vfsd::fs::mapped {

class HeldNode;

/**
 * `mapped-file`: the attributes of a directory's entries are kept in files of the same names in its
 * hidden directory `.virtfs_metadata`, those of the root in its hidden file
 * `.virtfs_metadata_root`. For file systems without extended attributes. Access control lists are
 * the host's own.
 *
 * Attributes belong to names, and are there before the object is: what a crash leaves is at worst a
 * file of attributes without an object, which the next one of that name replaces.
 *
 * To the guest's kernel objects are nodes. For each of them that the guest knows a lookup of its
 * file of attributes is held, which stays the same over renames, other names, and removal.
 */
class MappedFile final : public Mapped {
 public:
  /** `inner` must outlive this. */
  MappedFile(fuse::FileSystem& inner, const Options& options,
             const identity::ProcessIdentity& identity);

  void Reset() override;
  void Forget(NodeId, uint64_t nlookup) override;

 private:
  Result<StoredAttributes> ReadStored(RequestContext&, NodeId) override;
  Result<std::optional<uint32_t>> ReadStoredMode(RequestContext&, NodeId) override;
  Status ChangeStored(RequestContext&, NodeId, const StoredAttributes& change) override;

  Status StoreForName(RequestContext&, NodeId parent, const Name&,
                      const StoredAttributes&) override;
  void WithdrawName(RequestContext&, NodeId parent, const Name&) override;
  Status StoreUnnamed(RequestContext&, NodeId parent, NodeId node,
                      const StoredAttributes&) override;
  Status Meet(RequestContext&, NodeId parent, const Name&, NodeId node) override;
  bool Hides(std::string_view name) const override;

  Result<abi::fuse_entry_out> LinkShown(RequestContext&, NodeId, NodeId parent,
                                        const Name&) override;
  Status UnlinkShown(RequestContext&, NodeId parent, const Name&) override;
  Status RmDirShown(RequestContext&, NodeId parent, const Name&) override;
  Status RenameShown(RequestContext&, NodeId parent, const Name&, NodeId new_parent,
                     const Name& new_name, uint32_t flags) override;

  /** What a name is below; nothing: there is none. */
  Result<HeldNode> Find(RequestContext& self, NodeId parent, const Name& name);
  /** A directory's hidden one, made if need be or nothing. */
  Result<HeldNode> FindHidden(RequestContext& self, NodeId directory);
  Result<HeldNode> MakeHidden(RequestContext& self, NodeId directory);
  /** The file of a name's attributes; nothing: there is none. */
  Result<HeldNode> FindMetadata(RequestContext& self, NodeId parent, const Name& name);
  Result<HeldNode> FindRootMetadata(RequestContext& self);

  /** Makes a file with these attributes, whose name is free. */
  Result<HeldNode> WriteNew(RequestContext& self, NodeId directory, const Name& name,
                            const StoredAttributes& stored);
  Result<HeldNode> WriteUnnamed(RequestContext& self, NodeId directory,
                                const StoredAttributes& stored);
  Status Store(RequestContext& self, NodeId node, const StoredAttributes& change);
  Status MoveChangeTime(RequestContext& self, NodeId node);
  Status Rewrite(RequestContext& self, NodeId metadata, const StoredAttributes& change);
  Result<StoredAttributes> ReadMetadata(RequestContext& self, NodeId metadata);
  /** Gives a file of attributes another name, whatever was there. */
  Status LinkMetadata(RequestContext& self, NodeId metadata, NodeId hidden, const Name& name);
  /** Keeps attributes for an object that has none so far. */
  Status StoreFirst(RequestContext& self, NodeId node, const StoredAttributes& stored);
  /** Removes a name's attributes, if there are any. */
  Status RemoveMetadata(RequestContext& self, NodeId parent, const Name& name);
  /** Removes the hidden directory of one that is otherwise empty. ENOTEMPTY: it is not. */
  Status RemoveHidden(RequestContext& self, NodeId directory);

  Status Exchange(RequestContext& self, NodeId parent, const Name& name, NodeId new_parent,
                  const Name& new_name);
  Status Replace(RequestContext& self, NodeId parent, const Name& name, NodeId new_parent,
                 const Name& new_name, uint32_t flags);
  void TakeBack(NodeId metadata);

  const Name hidden_;
  const Name root_metadata_;
  Places places_;
};

}  // namespace vfsd::fs::mapped
