// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuse/extensions.h"
#include "fuse/request.h"

namespace vfsd::fuse {

/** Reads, behind a request's names, how the new object is to be. */
class NewObjectReader {
 public:
  /** @param umask as the request has it, whether it is to be applied or not */
  Status Read(Request& request, uint32_t mode, uint32_t umask) {
    // Linux has applied the mask itself unless it was agreed that the daemon does.
    const bool masks = request.context.Negotiated(abi::FUSE_DONT_MASK);
    object_ = {.mode = mode, .umask = masks ? umask : 0, .supplementary_group = {}, .labels = {}};
    if (!request.context.Negotiated(abi::FUSE_SECURITY_CTX | abi::FUSE_CREATE_SUPP_GROUP)) {
      return {};
    }
    const Status parsed = extensions_.Parse(request.body);
    if (!parsed) {
      return parsed;
    }
    if (request.context.Negotiated(abi::FUSE_CREATE_SUPP_GROUP)) {
      object_.supplementary_group = extensions_.supplementary_group();
    }
    if (request.context.Negotiated(abi::FUSE_SECURITY_CTX)) {
      object_.labels = extensions_.labels();
    }
    return {};
  }

  const NewObject& get() const { return object_; }

 private:
  Extensions extensions_;
  NewObject object_;
};

}  // namespace vfsd::fuse
