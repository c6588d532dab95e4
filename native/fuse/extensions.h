// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "abi/fuse.h"
#include "base/result.h"
#include "fuse/new_object.h"
#include "fuse/request_body.h"

namespace vfsd::fuse {

/**
 * What stands behind the names of a request that makes something: security contexts and the
 * supplementary group (FUSE_SECURITY_CTX, FUSE_CREATE_SUPP_GROUP). Refers to the request's private
 * copy.
 */
class Extensions {
 public:
  /** Takes all that is left of `body`. EINVAL: sizes or counts that contradict each other. */
  Status Parse(RequestBody& body);

  std::span<const SecurityLabel> labels() const { return std::span(labels_).first(label_count_); }
  std::optional<identity::GuestGid> supplementary_group() const { return group_; }

 private:
  Status ParseLabels(RequestBody record, uint32_t count);
  Status ParseGroups(RequestBody record);

  std::array<SecurityLabel, abi::FUSE_MAX_NR_SECCTX> labels_;
  size_t label_count_ = 0;
  std::optional<identity::GuestGid> group_;
};

}  // namespace vfsd::fuse
