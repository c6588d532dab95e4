// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "fuse/types.h"

namespace vfsd::fs::mapped {

/** No node has this number. */
inline constexpr fuse::NodeId kNoNode{0};

/**
 * Where the guest's objects are, and which file keeps their attributes. By any thread.
 *
 * What the table says about a node has been true when the guest was told of it, and follows what
 * the guest does.
 */
class Places {
 public:
  struct Place {
    fuse::NodeId parent;
    std::string name;
    /** The file below; there is a lookup of it for as long as it stands here. kNoNode: none. */
    fuse::NodeId metadata;
  };

  /** The guest is told of a node. Answers a file of which a lookup is to be taken back, if any. */
  fuse::NodeId Meet(fuse::NodeId node, fuse::NodeId parent, std::string_view name,
                    fuse::NodeId metadata);
  /** The guest takes lookups back. The same answer. */
  fuse::NodeId Forget(fuse::NodeId node, uint64_t nlookup);

  std::optional<Place> Find(fuse::NodeId node);
  fuse::NodeId MetadataOf(fuse::NodeId node);

  /** For nodes that the guest knows; others are passed over. The same answer: `metadata`, if so. */
  fuse::NodeId SetMetadata(fuse::NodeId node, fuse::NodeId metadata);
  void Move(fuse::NodeId node, fuse::NodeId parent, std::string_view name);

  void Clear();

 private:
  struct KnownPlace {
    Place place;
    uint64_t nlookup;
  };
  struct Shard {
    std::mutex lock;
    std::unordered_map<uint64_t, KnownPlace> places;
  };

  Shard& ShardOf(fuse::NodeId node) {
    return shards_[static_cast<uint64_t>(node) % shards_.size()];
  }

  std::array<Shard, 64> shards_;
};

}  // namespace vfsd::fs::mapped
