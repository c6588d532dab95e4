// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/places.h"

#include <utility>

namespace vfsd::fs::mapped {

using fuse::NodeId;

NodeId Places::Meet(NodeId node, NodeId parent, std::string_view name, NodeId metadata) {
  Shard& shard = ShardOf(node);
  const std::scoped_lock lock(shard.lock);
  const auto [found, is_new] = shard.places.try_emplace(
      static_cast<uint64_t>(node), KnownPlace{{parent, std::string(name), metadata}, 1});
  if (is_new) {
    return kNoNode;
  }
  KnownPlace& known = found->second;
  ++known.nlookup;
  known.place.parent = parent;
  known.place.name = name;
  return std::exchange(known.place.metadata, metadata);
}

NodeId Places::Forget(NodeId node, uint64_t nlookup) {
  Shard& shard = ShardOf(node);
  const std::scoped_lock lock(shard.lock);
  const auto found = shard.places.find(static_cast<uint64_t>(node));
  if (found == shard.places.end()) {
    return kNoNode;
  }
  if (found->second.nlookup > nlookup) {
    found->second.nlookup -= nlookup;
    return kNoNode;
  }
  const NodeId metadata = found->second.place.metadata;
  shard.places.erase(found);
  return metadata;
}

std::optional<Places::Place> Places::Find(NodeId node) {
  Shard& shard = ShardOf(node);
  const std::scoped_lock lock(shard.lock);
  const auto found = shard.places.find(static_cast<uint64_t>(node));
  return found == shard.places.end() ? std::nullopt : std::optional(found->second.place);
}

NodeId Places::MetadataOf(NodeId node) {
  Shard& shard = ShardOf(node);
  const std::scoped_lock lock(shard.lock);
  const auto found = shard.places.find(static_cast<uint64_t>(node));
  return found == shard.places.end() ? kNoNode : found->second.place.metadata;
}

NodeId Places::SetMetadata(NodeId node, NodeId metadata) {
  Shard& shard = ShardOf(node);
  const std::scoped_lock lock(shard.lock);
  const auto found = shard.places.find(static_cast<uint64_t>(node));
  return found == shard.places.end() ? metadata
                                     : std::exchange(found->second.place.metadata, metadata);
}

void Places::Move(NodeId node, NodeId parent, std::string_view name) {
  Shard& shard = ShardOf(node);
  const std::scoped_lock lock(shard.lock);
  const auto found = shard.places.find(static_cast<uint64_t>(node));
  if (found != shard.places.end()) {
    found->second.place.parent = parent;
    found->second.place.name = name;
  }
}

void Places::Clear() {
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.lock);
    shard.places.clear();
  }
}

}  // namespace vfsd::fs::mapped
