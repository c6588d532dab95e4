// SPDX-License-Identifier: Apache-2.0
#include "fuse/extensions.h"

#include <linux/limits.h>

#include <algorithm>

namespace vfsd::fuse {
namespace {

/** A record's size with what follows it up to the next one; the last may do without. */
size_t Padded(size_t size, size_t available) {
  constexpr size_t kMask = abi::kExtensionAlignment - 1;
  return std::min((size + kMask) & ~kMask, available);
}

}  // namespace

Status Extensions::Parse(RequestBody& body) {
  while (body.remaining() > 0) {
    if (body.remaining() < sizeof(abi::fuse_ext_header)) {
      return Errno(EINVAL);
    }
    const auto available = body.remaining() - sizeof(abi::fuse_ext_header);
    const auto header = body.Fixed<abi::fuse_ext_header>();
    const size_t size = header.size - sizeof header;
    if (header.size < sizeof header || size > available) {
      return Errno(EINVAL);
    }
    const auto bytes = body.Bytes(Padded(size, available));
    const RequestBody record(bytes->first(size));
    Status parsed;
    if (header.type <= abi::FUSE_MAX_NR_SECCTX) {
      parsed = ParseLabels(record, header.type);
    } else if (header.type == abi::FUSE_EXT_GROUPS) {
      parsed = ParseGroups(record);
    }
    // A type that a later protocol has added says nothing that was asked for.
    if (!parsed) {
      return parsed;
    }
  }
  return {};
}

Status Extensions::ParseLabels(RequestBody record, uint32_t count) {
  if (count > labels_.size() - label_count_) {
    return Errno(EINVAL);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (record.remaining() < sizeof(abi::fuse_secctx)) {
      return Errno(EINVAL);
    }
    const size_t before = record.remaining();
    const auto context = record.Fixed<abi::fuse_secctx>();
    const auto name = record.String();
    if (!name || name->empty() || name->size() > XATTR_NAME_MAX || context.size > XATTR_SIZE_MAX) {
      return Errno(EINVAL);
    }
    const auto value = record.Bytes(context.size);
    if (!value) {
      return value.error();
    }
    labels_[label_count_++] = {name->data(), *value};
    const size_t used = before - record.remaining();
    const auto padding = record.Bytes(Padded(used, before) - used);
    if (!padding) {
      return padding.error();
    }
  }
  return {};
}

Status Extensions::ParseGroups(RequestBody record) {
  if (record.remaining() < sizeof(uint32_t)) {
    return Errno(EINVAL);
  }
  const auto count = record.Fixed<uint32_t>();
  if (count > record.remaining() / sizeof(uint32_t)) {
    return Errno(EINVAL);
  }
  // Linux names one at most: the directory's.
  if (count > 0) {
    group_ = identity::GuestGid{record.Fixed<uint32_t>()};
  }
  return {};
}

}  // namespace vfsd::fuse
