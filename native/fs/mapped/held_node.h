// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "fs/mapped/places.h"
#include "fuse/file_system.h"

namespace vfsd::fs::mapped {

/** A lookup of a node of the file system below, taken back at the end; or none. */
class HeldNode {
 public:
  HeldNode() = default;
  /** Takes over the lookup that came with an entry. */
  HeldNode(fuse::FileSystem& inner, const abi::fuse_entry_out& entry)
      : inner_(&inner), node_(fuse::NodeId{entry.nodeid}), mode_(entry.attr.mode) {}
  HeldNode(HeldNode&& other) noexcept
      : inner_(other.inner_), node_(std::exchange(other.node_, kNoNode)), mode_(other.mode_) {}
  HeldNode& operator=(HeldNode&&) = delete;
  HeldNode(const HeldNode&) = delete;
  HeldNode& operator=(const HeldNode&) = delete;
  ~HeldNode() {
    if (node_ != kNoNode) {
      inner_->Forget(node_, 1);
    }
  }

  explicit operator bool() const { return node_ != kNoNode; }
  /** kNoNode: none. */
  fuse::NodeId node() const { return node_; }
  uint32_t mode() const { return mode_; }

  /** Gives the lookup away. */
  fuse::NodeId Release() { return std::exchange(node_, kNoNode); }

 private:
  fuse::FileSystem* inner_ = nullptr;
  fuse::NodeId node_ = kNoNode;
  uint32_t mode_ = 0;
};

}  // namespace vfsd::fs::mapped
