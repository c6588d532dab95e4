// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "proxy-helper/operations.h"

namespace vfsd::proxy_helper {
namespace {

using Form = AnswerForm;

constexpr auto kFirst = static_cast<uint32_t>(RequestType::kOpen);
constexpr auto kLast = static_cast<uint32_t>(RequestType::kGetversion);

constexpr std::array<RequestKind, kLast - kFirst + 1> kKinds = {{
    {"OPEN", Form::kDescriptor, &Operations::Open},
    {"CREATE", Form::kDescriptor, &Operations::Create},
    {"MKNOD", Form::kStatus, &Operations::Mknod},
    {"MKDIR", Form::kStatus, &Operations::Mkdir},
    {"SYMLINK", Form::kStatus, &Operations::Symlink},
    {"LINK", Form::kStatus, &Operations::Link},
    {"LSTAT", Form::kFields, &Operations::Lstat},
    {"READLINK", Form::kFields, &Operations::Readlink},
    {"STATFS", Form::kFields, &Operations::Statfs},
    {"CHMOD", Form::kStatus, &Operations::Chmod},
    {"CHOWN", Form::kStatus, &Operations::Chown},
    {"TRUNCATE", Form::kStatus, &Operations::Truncate},
    {"UTIME", Form::kStatus, &Operations::Utime},
    {"RENAME", Form::kStatus, &Operations::Rename},
    {"REMOVE", Form::kStatus, &Operations::Remove},
    {"LGETXATTR", Form::kFields, &Operations::Lgetxattr},
    {"LLISTXATTR", Form::kFields, &Operations::Llistxattr},
    {"LSETXATTR", Form::kStatus, &Operations::Lsetxattr},
    {"LREMOVEXATTR", Form::kStatus, &Operations::Lremovexattr},
    {"GETVERSION", Form::kFields, &Operations::Getversion},
}};

}  // namespace

const RequestKind* FindRequestKind(uint32_t type) {
  return type < kFirst || type > kLast ? nullptr : &kKinds[type - kFirst];
}

}  // namespace vfsd::proxy_helper
