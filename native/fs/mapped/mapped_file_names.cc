// SPDX-License-Identifier: Apache-2.0
#include <linux/fs.h>

#include "fs/mapped/held_node.h"
#include "fs/mapped/inner_listing.h"
#include "fs/mapped/mapped_file.h"

namespace vfsd::fs::mapped {

Status MappedFile::RemoveMetadata(RequestContext& self, NodeId parent, const Name& name) {
  const auto hidden = FindHidden(self, parent);
  if (!hidden || !*hidden) {
    return hidden ? Status() : hidden.error();
  }
  const Status removed = inner_.Unlink(self, hidden->node(), name);
  return !removed && removed.error() == Errno(ENOENT) ? Status() : removed;
}

Status MappedFile::StoreForName(RequestContext& self, NodeId parent, const Name& name,
                                const StoredAttributes& stored) {
  // Nobody's attributes are touched for what is not going to be made.
  const auto existing = Find(self, parent, name);
  if (!existing) {
    return existing.error();
  }
  if (*existing) {
    return Errno(EEXIST);
  }
  const auto hidden = MakeHidden(self, parent);
  if (!hidden) {
    return hidden.error();
  }
  const auto made = WriteNew(self, hidden->node(), name, stored);
  if (made || made.error() != Errno(EEXIST)) {
    return made ? Status() : made.error();
  }
  // Left behind by what is no more.
  const Status removed = inner_.Unlink(self, hidden->node(), name);
  if (!removed && removed.error() != Errno(ENOENT)) {
    return removed;
  }
  const auto again = WriteNew(self, hidden->node(), name, stored);
  return again ? Status() : again.error();
}

void MappedFile::WithdrawName(RequestContext& self, NodeId parent, const Name& name) {
  // What stays means nothing, and the next object of that name replaces it.
  static_cast<void>(RemoveMetadata(self, parent, name));
}

Status MappedFile::StoreUnnamed(RequestContext& self, NodeId parent, NodeId node,
                                const StoredAttributes& stored) {
  const auto hidden = MakeHidden(self, parent);
  if (!hidden) {
    return hidden.error();
  }
  auto made = WriteUnnamed(self, hidden->node(), stored);
  if (!made) {
    return made.error();
  }
  TakeBack(places_.Meet(node, parent, "", made->Release()));
  return {};
}

Status MappedFile::LinkMetadata(RequestContext& self, NodeId metadata, NodeId hidden,
                                const Name& name) {
  auto linked = inner_.Link(self, metadata, hidden, name);
  if (!linked && linked.error() == Errno(EEXIST)) {
    const Status removed = inner_.Unlink(self, hidden, name);
    if (!removed && removed.error() != Errno(ENOENT)) {
      return removed;
    }
    linked = inner_.Link(self, metadata, hidden, name);
  }
  if (!linked) {
    return linked.error();
  }
  inner_.Forget(NodeId{linked->nodeid}, 1);
  return {};
}

Result<abi::fuse_entry_out> MappedFile::LinkShown(RequestContext& self, NodeId node, NodeId parent,
                                                  const Name& name) {
  const auto existing = Find(self, parent, name);
  if (!existing) {
    return existing.error();
  }
  if (*existing) {
    return Errno(EEXIST);
  }
  const NodeId metadata = places_.MetadataOf(node);
  if (metadata == kNoNode) {
    const Status removed = RemoveMetadata(self, parent, name);
    return removed ? inner_.Link(self, node, parent, name) : removed.error();
  }
  const auto hidden = MakeHidden(self, parent);
  if (!hidden) {
    return hidden.error();
  }
  const Status stored = LinkMetadata(self, metadata, hidden->node(), name);
  if (!stored) {
    return stored.error();
  }
  const auto linked = inner_.Link(self, node, parent, name);
  if (!linked) {
    WithdrawName(self, parent, name);
  }
  return linked;
}

Status MappedFile::UnlinkShown(RequestContext& self, NodeId parent, const Name& name) {
  const Status removed = inner_.Unlink(self, parent, name);
  // The object first: what is left without its attributes would be seen as what it is on the host.
  return removed ? RemoveMetadata(self, parent, name) : removed;
}

Status MappedFile::RemoveHidden(RequestContext& self, NodeId directory) {
  constexpr size_t kEnough = 2;
  const auto names = ListNames(inner_, self, directory, kEnough);
  if (!names) {
    return names.error();
  }
  if (names->empty()) {
    return {};
  }
  if (names->size() > 1 || names->front() != hidden_.view()) {
    return Errno(ENOTEMPTY);
  }
  const auto hidden = FindHidden(self, directory);
  if (!hidden || !*hidden) {
    return hidden ? Status(Errno(ENOTEMPTY)) : hidden.error();
  }
  // With the directory empty, these are attributes of nothing.
  constexpr size_t kAtOnce = 64;
  for (;;) {
    const auto left = ListNames(inner_, self, hidden->node(), kAtOnce);
    if (!left) {
      return left.error();
    }
    if (left->empty()) {
      return inner_.RmDir(self, directory, hidden_);
    }
    for (const std::string& text : *left) {
      const auto name = Name::Check(text);
      const Status removed = name ? inner_.Unlink(self, hidden->node(), *name) : name.error();
      if (!removed && removed.error() != Errno(ENOENT)) {
        return removed;
      }
    }
  }
}

Status MappedFile::RmDirShown(RequestContext& self, NodeId parent, const Name& name) {
  {
    const auto directory = Find(self, parent, name);
    if (!directory) {
      return directory.error();
    }
    if (!*directory || !S_ISDIR(directory->mode())) {
      return Errno(*directory ? ENOTDIR : ENOENT);
    }
    const Status emptied = RemoveHidden(self, directory->node());
    if (!emptied) {
      return emptied;
    }
  }
  const Status removed = inner_.RmDir(self, parent, name);
  return removed ? RemoveMetadata(self, parent, name) : removed;
}

Status MappedFile::Exchange(RequestContext& self, NodeId parent, const Name& name,
                            NodeId new_parent, const Name& new_name) {
  const auto one = FindMetadata(self, parent, name);
  const auto other = one ? FindMetadata(self, new_parent, new_name) : Result<HeldNode>(one.error());
  if (!other) {
    return other.error();
  }
  const Status exchanged = inner_.Rename(self, parent, name, new_parent, new_name, RENAME_EXCHANGE);
  if (!exchanged || (!*one && !*other)) {
    return exchanged;
  }
  const auto hidden = MakeHidden(self, parent);
  const auto new_hidden = hidden ? MakeHidden(self, new_parent) : Result<HeldNode>(hidden.error());
  if (!new_hidden) {
    return new_hidden.error();
  }
  if (*one && *other) {
    return inner_.Rename(self, hidden->node(), name, new_hidden->node(), new_name, RENAME_EXCHANGE);
  }
  return *one ? inner_.Rename(self, hidden->node(), name, new_hidden->node(), new_name, 0)
              : inner_.Rename(self, new_hidden->node(), new_name, hidden->node(), name, 0);
}

// Where nothing is replaced, attributes stand at both names while the object moves. Where something
// is, they follow: before, they would be those of what is replaced.
Status MappedFile::Replace(RequestContext& self, NodeId parent, const Name& name, NodeId new_parent,
                           const Name& new_name, uint32_t flags) {
  const auto metadata = FindMetadata(self, parent, name);
  if (!metadata) {
    return metadata.error();
  }
  if (!*metadata) {
    const Status moved = inner_.Rename(self, parent, name, new_parent, new_name, flags);
    return moved ? RemoveMetadata(self, new_parent, new_name) : moved;
  }
  const auto hidden = FindHidden(self, parent);
  const auto new_hidden = hidden ? MakeHidden(self, new_parent) : Result<HeldNode>(hidden.error());
  const auto replaced =
      new_hidden ? Find(self, new_parent, new_name) : Result<HeldNode>(new_hidden.error());
  if (!replaced) {
    return replaced.error();
  }
  if (*replaced && S_ISDIR(replaced->mode()) && (flags & RENAME_NOREPLACE) == 0) {
    // An empty directory can be replaced.
    const Status emptied = RemoveHidden(self, replaced->node());
    if (!emptied && emptied.error() != Errno(ENOTEMPTY)) {
      return emptied;
    }
  }
  if (!*replaced) {
    const Status linked = LinkMetadata(self, metadata->node(), new_hidden->node(), new_name);
    if (!linked) {
      return linked;
    }
  }
  const Status moved = inner_.Rename(self, parent, name, new_parent, new_name, flags);
  if (!moved) {
    if (!*replaced) {
      WithdrawName(self, new_parent, new_name);
    }
    return moved;
  }
  return *replaced ? inner_.Rename(self, hidden->node(), name, new_hidden->node(), new_name, 0)
                   : RemoveMetadata(self, parent, name);
}

Status MappedFile::RenameShown(RequestContext& self, NodeId parent, const Name& name,
                               NodeId new_parent, const Name& new_name, uint32_t flags) {
  const auto moved = Find(self, parent, name);
  const auto other = moved ? Find(self, new_parent, new_name) : Result<HeldNode>(moved.error());
  if (!other) {
    return other.error();
  }
  if (*moved && moved->node() == other->node()) {
    // Two names of one object: rename(2) does nothing.
    return inner_.Rename(self, parent, name, new_parent, new_name, flags);
  }
  const bool exchanges = (flags & RENAME_EXCHANGE) != 0;
  const Status done = exchanges ? Exchange(self, parent, name, new_parent, new_name)
                                : Replace(self, parent, name, new_parent, new_name, flags);
  if (!done) {
    return done;
  }
  places_.Move(moved->node(), new_parent, new_name.view());
  if (exchanges) {
    places_.Move(other->node(), parent, name.view());
  }
  return {};
}

}  // namespace vfsd::fs::mapped
