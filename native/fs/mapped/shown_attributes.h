// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fs/mapped/stored_attributes.h"
#include "fs/set_id_bits.h"
#include "fuse/types.h"

namespace vfsd::fs::mapped {

/** Takes back how long the guest may believe in what it is told. */
template <typename Answer>
void LimitBelief(const fuse::RequestContext& context, uint32_t mode, Answer& answer) {
  if (HasBitsThatAreCleared(context, mode)) {
    answer.attr_valid = 0;
    answer.attr_valid_nsec = 0;
  }
}

// Makes of what the host has what the guest gets to see.

inline void Show(const fuse::RequestContext& context, const StoredAttributes& stored,
                 abi::fuse_entry_out& entry) {
  Overlay(stored, entry.attr);
  LimitBelief(context, entry.attr.mode, entry);
}

inline void Show(const fuse::RequestContext& context, const StoredAttributes& stored,
                 abi::fuse_attr_out& attributes) {
  Overlay(stored, attributes.attr);
  LimitBelief(context, attributes.attr.mode, attributes);
}

inline void Show(const fuse::RequestContext& context, const StoredAttributes& stored,
                 abi::fuse_statx_out& attributes) {
  Overlay(stored, attributes.stat);
  LimitBelief(context, attributes.stat.mode, attributes);
}

}  // namespace vfsd::fs::mapped
