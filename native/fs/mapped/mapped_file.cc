// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/mapped_file.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "fs/mapped/held_node.h"
#include "fs/mapped/inner_file.h"
#include "fs/mapped/metadata_text.h"

namespace vfsd::fs::mapped {
namespace {

constexpr const char* kHidden = ".virtfs_metadata";
constexpr const char* kRootMetadata = ".virtfs_metadata_root";
constexpr uint32_t kHiddenMode = 0700;
constexpr uint32_t kMetadataMode = 0600;

/** It is gone: somebody on the host has removed it. */
bool IsGone(Errno error) {
  return error == Errno(ENOENT) || error == Errno(ESTALE);
}

}  // namespace

MappedFile::MappedFile(fuse::FileSystem& inner, const Options& options,
                       const identity::ProcessIdentity& identity)
    : Mapped(inner, options, identity, ""),
      hidden_(*Name::Check(kHidden)),
      root_metadata_(*Name::Check(kRootMetadata)) {}

bool MappedFile::Hides(std::string_view name) const {
  return name == kHidden || name == kRootMetadata;
}

void MappedFile::Reset() {
  places_.Clear();
  inner_.Reset();
}

void MappedFile::TakeBack(NodeId metadata) {
  if (metadata != kNoNode) {
    inner_.Forget(metadata, 1);
  }
}

void MappedFile::Forget(NodeId node, uint64_t nlookup) {
  TakeBack(places_.Forget(node, nlookup));
  inner_.Forget(node, nlookup);
}

Status MappedFile::Meet(RequestContext& self, NodeId parent, const Name& name, NodeId node) {
  auto metadata = FindMetadata(self, parent, name);
  if (!metadata) {
    return metadata.error();
  }
  TakeBack(places_.Meet(node, parent, name.view(), metadata->Release()));
  return {};
}

Result<HeldNode> MappedFile::Find(RequestContext& self, NodeId parent, const Name& name) {
  const auto entry = inner_.Lookup(self, parent, name);
  if (!entry) {
    return entry.error() == Errno(ENOENT) ? Result(HeldNode()) : entry.error();
  }
  return entry->nodeid == 0 ? HeldNode() : HeldNode(inner_, *entry);
}

Result<HeldNode> MappedFile::FindHidden(RequestContext& self, NodeId directory) {
  auto hidden = Find(self, directory, hidden_);
  // Anything else in its place keeps no attributes.
  return hidden && *hidden && !S_ISDIR(hidden->mode()) ? Result(HeldNode()) : std::move(hidden);
}

Result<HeldNode> MappedFile::MakeHidden(RequestContext& self, NodeId directory) {
  auto found = FindHidden(self, directory);
  if (!found || *found) {
    return found;
  }
  const auto made = inner_.MkDir(self, directory, hidden_, {.mode = kHiddenMode});
  if (made) {
    return HeldNode(inner_, *made);
  }
  // Another thread may have been faster.
  return made.error() == Errno(EEXIST) ? FindHidden(self, directory) : made.error();
}

Result<HeldNode> MappedFile::FindMetadata(RequestContext& self, NodeId parent, const Name& name) {
  const auto hidden = FindHidden(self, parent);
  if (!hidden || !*hidden) {
    return hidden ? Result(HeldNode()) : hidden.error();
  }
  auto found = Find(self, hidden->node(), name);
  return found && *found && !S_ISREG(found->mode()) ? Result(HeldNode()) : std::move(found);
}

Result<HeldNode> MappedFile::FindRootMetadata(RequestContext& self) {
  auto found = Find(self, fuse::kRootNode, root_metadata_);
  return found && *found && !S_ISREG(found->mode()) ? Result(HeldNode()) : std::move(found);
}

Result<StoredAttributes> MappedFile::ReadMetadata(RequestContext& self, NodeId metadata) {
  const auto file = InnerFile::Open(inner_, self, metadata, O_RDONLY);
  if (!file) {
    return IsGone(file.error()) ? Result(StoredAttributes()) : file.error();
  }
  std::array<char, kMaxMetadata> text;
  const auto length = file->Read(text);
  return length ? Result(ParseMetadata({text.data(), *length})) : length.error();
}

Result<StoredAttributes> MappedFile::ReadStored(RequestContext& context, NodeId node) {
  if (node == fuse::kRootNode) {
    const auto metadata = FindRootMetadata(context);
    if (!metadata) {
      return metadata.error();
    }
    return *metadata ? ReadMetadata(context, metadata->node()) : StoredAttributes();
  }
  const NodeId metadata = places_.MetadataOf(node);
  return metadata == kNoNode ? StoredAttributes() : ReadMetadata(context, metadata);
}

Result<std::optional<uint32_t>> MappedFile::ReadStoredMode(RequestContext& context, NodeId node) {
  const auto stored = ReadStored(context, node);
  return stored ? Result(stored->mode) : stored.error();
}

Result<HeldNode> MappedFile::WriteUnnamed(RequestContext& self, NodeId directory,
                                          const StoredAttributes& stored) {
  const auto made = inner_.TmpFile(self, directory, {.mode = kMetadataMode}, {O_RDWR, 0});
  if (!made) {
    return made.error();
  }
  HeldNode held(inner_, made->entry);
  const InnerFile file(inner_, self, held.node(), FileHandle{made->open.fh});
  const Status written = file.Write(MetadataText(stored).view());
  return written ? Result(std::move(held)) : written.error();
}

Result<HeldNode> MappedFile::WriteNew(RequestContext& self, NodeId directory, const Name& name,
                                      const StoredAttributes& stored) {
  auto unnamed = WriteUnnamed(self, directory, stored);
  if (unnamed) {
    const auto linked = inner_.Link(self, unnamed->node(), directory, name);
    return linked ? Result(HeldNode(inner_, *linked)) : linked.error();
  }
  if (unnamed.error() != Errno(EOPNOTSUPP) && unnamed.error() != Errno(EISDIR)) {
    return unnamed;
  }
  const auto made =
      inner_.Create(self, directory, name, {.mode = kMetadataMode}, {O_RDWR | O_CREAT | O_EXCL, 0});
  if (!made) {
    return made.error();
  }
  HeldNode held(inner_, made->entry);
  const InnerFile file(inner_, self, held.node(), FileHandle{made->open.fh});
  const Status written = file.Write(MetadataText(stored).view());
  if (!written) {
    static_cast<void>(inner_.Unlink(self, directory, name));
    return written.error();
  }
  return held;
}

// In place, because the file may have other names. In one write, which a crash leaves done or not
// done: what is left of a longer text is overwritten with empty lines, which mean nothing.
Status MappedFile::Rewrite(RequestContext& self, NodeId metadata, const StoredAttributes& change) {
  const auto file = InnerFile::Open(inner_, self, metadata, O_RDWR);
  if (!file) {
    return file.error();
  }
  std::array<char, kMaxMetadata> text;
  const auto length = file->Read(text);
  if (!length) {
    return length.error();
  }
  StoredAttributes stored = ParseMetadata({text.data(), *length});
  stored.Merge(change);
  const MetadataText wanted(stored);
  std::string padded(wanted.view());
  padded.resize(std::max(padded.size(), *length), '\n');
  const Status written = file->Write(padded);
  return written && padded.size() > wanted.view().size() ? file->Truncate(wanted.view().size())
                                                         : written;
}

Status MappedFile::StoreFirst(RequestContext& self, NodeId node, const StoredAttributes& stored) {
  const auto place = places_.Find(node);
  if (!place) {
    return Errno(ESTALE);
  }
  const auto name = Name::Check(place->name);
  const auto found = name ? Find(self, place->parent, *name) : Result<HeldNode>(Errno(ESTALE));
  if (!found) {
    return found.error();
  }
  // Attributes must not come to belong to another object. The guest looks again.
  if (found->node() != node) {
    return Errno(ESTALE);
  }
  const auto hidden = MakeHidden(self, place->parent);
  if (!hidden) {
    return hidden.error();
  }
  auto made = WriteNew(self, hidden->node(), *name, stored);
  if (!made) {
    return made.error();
  }
  TakeBack(places_.SetMetadata(node, made->Release()));
  return {};
}

// A change of owner or mode moves the object's ctime. Where it is a change of another file, setting
// the mode that the object has already does that.
Status MappedFile::MoveChangeTime(RequestContext& self, NodeId node) {
  const auto attributes = inner_.GetAttr(self, node);
  if (!attributes || S_ISLNK(attributes->attr.mode)) {
    return attributes ? Status() : attributes.error();
  }
  abi::fuse_setattr_in same = {};
  same.valid = abi::FATTR_MODE;
  same.mode = attributes->attr.mode;
  const auto set = inner_.SetAttr(self, node, same);
  return set ? Status() : set.error();
}

Status MappedFile::ChangeStored(RequestContext& context, NodeId node,
                                const StoredAttributes& change) {
  const Status stored = Store(context, node, change);
  return stored ? MoveChangeTime(context, node) : stored;
}

Status MappedFile::Store(RequestContext& context, NodeId node, const StoredAttributes& change) {
  if (node == fuse::kRootNode) {
    const auto metadata = FindRootMetadata(context);
    if (!metadata) {
      return metadata.error();
    }
    if (*metadata) {
      return Rewrite(context, metadata->node(), change);
    }
    const auto made = WriteNew(context, fuse::kRootNode, root_metadata_, change);
    return made ? Status() : made.error();
  }
  const NodeId metadata = places_.MetadataOf(node);
  return metadata == kNoNode ? StoreFirst(context, node, change)
                             : Rewrite(context, metadata, change);
}

}  // namespace vfsd::fs::mapped
