// SPDX-License-Identifier: Apache-2.0
#include <linux/limits.h>

#include <algorithm>
#include <cstring>

#include "fuse/operations.h"

namespace vfsd::fuse::handlers {
namespace {

Result<const char*> AttributeName(Request& request) {
  const Result<std::string_view> name = request.body.String();
  if (!name) {
    return name.error();
  }
  if (name->empty() || name->size() > XATTR_NAME_MAX) {
    return Errno(ERANGE);
  }
  return name->data();
}

/** The answer to GETXATTR and LISTXATTR: a length when `size` is 0, the bytes otherwise. */
Status ReplyValue(Request& request, uint32_t size, const Result<size_t>& length) {
  if (!length) {
    return length.error();
  }
  if (size == 0) {
    return request.Reply(abi::fuse_getxattr_out{static_cast<uint32_t>(*length), 0});
  }
  return request.ReplyBytes(request.output.first(*length));
}

std::span<std::byte> Room(Request& request, uint32_t size) {
  return request.output.first(std::min<size_t>(size, request.output.size()));
}

}  // namespace

Status SetXattr(Service& service, Request& request) {
  abi::fuse_setxattr_in in = {};
  if (request.context.Negotiated(abi::FUSE_SETXATTR_EXT)) {
    if (request.body.remaining() < sizeof in) {
      return Errno(EINVAL);
    }
    in = request.body.Fixed<abi::fuse_setxattr_in>();
  } else {
    const auto bytes = request.body.Bytes(abi::kShortSetxattrIn);
    if (!bytes) {
      return bytes.error();
    }
    std::memcpy(&in, bytes->data(), bytes->size());
  }
  const Result<const char*> name = AttributeName(request);
  if (!name) {
    return name.error();
  }
  const auto value = request.body.Bytes(in.size);
  if (!value) {
    return value.error();
  }
  return service.file_system.SetXattr(request.context, request.node(), *name, *value, in);
}

Status GetXattr(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_getxattr_in>();
  const Result<const char*> name = AttributeName(request);
  if (!name) {
    return name.error();
  }
  return ReplyValue(
      request, in.size,
      service.file_system.GetXattr(request.context, request.node(), *name, Room(request, in.size)));
}

Status ListXattr(Service& service, Request& request) {
  const auto in = request.body.Fixed<abi::fuse_getxattr_in>();
  return ReplyValue(
      request, in.size,
      service.file_system.ListXattr(request.context, request.node(), Room(request, in.size)));
}

Status RemoveXattr(Service& service, Request& request) {
  const Result<const char*> name = AttributeName(request);
  return name ? service.file_system.RemoveXattr(request.context, request.node(), *name)
              : name.error();
}

}  // namespace vfsd::fuse::handlers
