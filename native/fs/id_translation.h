// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/forwarding.h"
#include "fs/id_translation_table.h"

namespace vfsd::fs {

/** The tables of both directions. */
struct IdTables {
  IdTable uids_to_host;
  IdTable gids_to_host;
  IdTable uids_to_guest;
  IdTable gids_to_guest;

  bool empty() const {
    return uids_to_host.empty() && gids_to_host.empty() && uids_to_guest.empty() &&
           gids_to_guest.empty();
  }
};

/**
 * Translates users and groups: the guest's own, wherever it names them, to the host's, and the
 * host's to the guest's in everything that the guest gets to see. A forbidden id is refused with
 * EPERM where it would come to stand on the host: in a new object, a change of owner, an access
 * control list. To look up and to read needs no id.
 *
 * It is the guest's kernel that decides who may do what, and it decides by the ids that it is told.
 * Two users of the host that are one in the guest are one to it; two users of the guest that are
 * one on the host both see the other's files as that one's.
 *
 * The caller of a request becomes a user of the host only where the host is to act as that user.
 * Everywhere else the question is who they are in the guest: a guest's ordinary user who is the
 * host's root must not get what the guest's root gets, and the other way round.
 */
class IdTranslation final : public Forwarding, private fuse::EntryChange {
 public:
  /** `inner` must outlive this. */
  IdTranslation(fuse::FileSystem& inner, IdTables tables);

  Result<abi::fuse_entry_out> Lookup(RequestContext&, NodeId, const Name&) override;
  Result<abi::fuse_attr_out> GetAttr(RequestContext&, NodeId) override;
  Result<abi::fuse_statx_out> Statx(RequestContext&, NodeId, uint32_t mask) override;
  Result<abi::fuse_attr_out> SetAttr(RequestContext&, NodeId, const abi::fuse_setattr_in&) override;
  Status Access(RequestContext&, NodeId, uint32_t mask) override;

  Result<abi::fuse_entry_out> MkNod(RequestContext&, NodeId, const Name&, const NewObject&,
                                    uint32_t device) override;
  Result<abi::fuse_entry_out> MkDir(RequestContext&, NodeId, const Name&,
                                    const NewObject&) override;
  Result<abi::fuse_entry_out> Symlink(RequestContext&, NodeId, const Name&, const char* target,
                                      const NewObject&) override;
  Result<abi::fuse_entry_out> Link(RequestContext&, NodeId, NodeId parent, const Name&) override;
  Result<fuse::Created> Create(RequestContext&, NodeId, const Name&, const NewObject&,
                               const abi::fuse_open_in&) override;
  Result<fuse::Created> TmpFile(RequestContext&, NodeId, const NewObject&,
                                const abi::fuse_open_in&) override;
  Status ReadDir(RequestContext&, NodeId, FileHandle, uint64_t offset,
                 fuse::DirentWriter&) override;

  Status SetXattr(RequestContext&, NodeId, const char* name, std::span<const std::byte> value,
                  const abi::fuse_setxattr_in&) override;
  Result<size_t> GetXattr(RequestContext&, NodeId, const char* name,
                          std::span<std::byte> value) override;

 private:
  class HostObject;

  /** The request as it is when its caller is to act on the host. */
  Result<RequestContext> AsHost(const RequestContext& context) const;
  /** Makes something by `make(context, object)`. */
  template <typename Make>
  auto MakeAsHost(RequestContext& context, const NewObject& object, Make make);

  // The ids of the host in an answer, translated in place.
  void ToGuest(uint32_t& uid, uint32_t& gid) const;
  Result<abi::fuse_entry_out> ToGuest(Result<abi::fuse_entry_out> entry) const;
  Result<abi::fuse_attr_out> ToGuest(Result<abi::fuse_attr_out> attributes) const;
  Result<fuse::Created> ToGuest(Result<fuse::Created> created) const;
  void Apply(std::string_view name, abi::fuse_entry_out& entry) const override;

  const IdTables tables_;
};

}  // namespace vfsd::fs
