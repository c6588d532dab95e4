// SPDX-License-Identifier: Apache-2.0
#include "fs/mapped/mapped_xattr.h"

#include <bit>
#include <cstddef>

namespace vfsd::fs::mapped {
namespace {

using fuse::NodeId;
using fuse::RequestContext;

static_assert(std::endian::native == std::endian::little, "values are kept little-endian");

constexpr const char* kUid = "user.virtfs.uid";
constexpr const char* kGid = "user.virtfs.gid";
constexpr const char* kMode = "user.virtfs.mode";
constexpr const char* kRdev = "user.virtfs.rdev";

/** A number that is shorter than it should be has zeros in front. Nothing: there is none, or it is
 * longer than any number. */
template <typename Number>
Result<std::optional<Number>> ReadNumber(fuse::FileSystem& fs, RequestContext& context, NodeId node,
                                         const char* name) {
  Number number = 0;
  const auto length =
      fs.GetXattr(context, node, name, std::as_writable_bytes(std::span(&number, 1)));
  if (length) {
    return *length == 0 ? std::nullopt : std::optional(number);
  }
  const Errno error = length.error();
  const bool none = error == Errno(ENODATA) || error == Errno(ERANGE) || error == Errno(EOPNOTSUPP);
  return none ? Result(std::optional<Number>()) : error;
}

template <typename Number>
Status WriteNumber(fuse::FileSystem& fs, RequestContext& context, NodeId node, const char* name,
                   const std::optional<Number>& number) {
  if (!number) {
    return {};
  }
  return fs.SetXattr(context, node, name, std::as_bytes(std::span(&*number, 1)),
                     {sizeof(Number), 0, 0, 0});
}

}  // namespace

MappedXattr::MappedXattr(fuse::FileSystem& inner, const Options& options,
                         const identity::ProcessIdentity& identity)
    : Mapped(inner, options, identity, "user.virtfs.") {}

Result<StoredAttributes> MappedXattr::ReadStored(RequestContext& context, NodeId node) {
  const auto uid = ReadNumber<uint32_t>(inner_, context, node, kUid);
  if (!uid) {
    return uid.error();
  }
  const auto gid = ReadNumber<uint32_t>(inner_, context, node, kGid);
  if (!gid) {
    return gid.error();
  }
  const auto mode = ReadStoredMode(context, node);
  if (!mode) {
    return mode.error();
  }
  StoredAttributes stored = {*uid, *gid, *mode, std::nullopt};
  if (*mode && IsDevice(**mode)) {
    const auto rdev = ReadNumber<uint64_t>(inner_, context, node, kRdev);
    if (!rdev) {
      return rdev.error();
    }
    stored.rdev = *rdev;
  }
  return stored;
}

Result<std::optional<uint32_t>> MappedXattr::ReadStoredMode(RequestContext& context, NodeId node) {
  return ReadNumber<uint32_t>(inner_, context, node, kMode);
}

// The mode comes last: what has one is complete.
Status MappedXattr::ChangeStored(RequestContext& context, NodeId node,
                                 const StoredAttributes& change) {
  Status done = WriteNumber(inner_, context, node, kUid, change.uid);
  if (done) {
    done = WriteNumber(inner_, context, node, kGid, change.gid);
  }
  if (done) {
    done = WriteNumber(inner_, context, node, kRdev, change.rdev);
  }
  return done ? WriteNumber(inner_, context, node, kMode, change.mode) : done;
}

}  // namespace vfsd::fs::mapped
