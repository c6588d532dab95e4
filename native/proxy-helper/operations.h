// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/credentials.h"
#include "proxy-helper/answer.h"
#include "proxy-helper/fields.h"
#include "proxy-helper/tree.h"

namespace vfsd::proxy_helper {

/**
 * What a client can ask for. Each takes its fields and, where they are complete, does it: EBADMSG
 * says that they are not, and that nothing was done. The working directory is /proc/self/fd.
 */
class Operations {
 public:
  Operations(Tree tree, identity::ProcessIdentity process)
      : tree_(std::move(tree)), process_(std::move(process)) {}

  Status Open(Fields& fields, Answer& answer);
  Status Create(Fields& fields, Answer& answer);

  Status Mknod(Fields& fields, Answer& answer);
  Status Mkdir(Fields& fields, Answer& answer);
  Status Symlink(Fields& fields, Answer& answer);
  Status Link(Fields& fields, Answer& answer);
  Status Rename(Fields& fields, Answer& answer);
  Status Remove(Fields& fields, Answer& answer);
  Status Readlink(Fields& fields, Answer& answer);

  Status Lstat(Fields& fields, Answer& answer);
  Status Statfs(Fields& fields, Answer& answer);
  Status Chmod(Fields& fields, Answer& answer);
  Status Chown(Fields& fields, Answer& answer);
  Status Truncate(Fields& fields, Answer& answer);
  Status Utime(Fields& fields, Answer& answer);
  Status Getversion(Fields& fields, Answer& answer);

  Status Lgetxattr(Fields& fields, Answer& answer);
  Status Llistxattr(Fields& fields, Answer& answer);
  Status Lsetxattr(Fields& fields, Answer& answer);
  Status Lremovexattr(Fields& fields, Answer& answer);

 private:
  /** Opens what an O_PATH descriptor refers to, where that is a regular file or a directory. */
  Result<UniqueFd> OpenForClient(const UniqueFd& object, int flags) const;

  Tree tree_;
  identity::ProcessIdentity process_;
};

/** How an answer is written. */
enum class AnswerForm {
  /** A header and a status. */
  kStatus,
  /** A header and fields, or a header and a status. */
  kFields,
  /** No header: a descriptor, or an errno. */
  kDescriptor,
};

/** What is known about a type of request. */
struct RequestKind {
  const char* name;
  AnswerForm form;
  Status (Operations::*run)(Fields&, Answer&);
};

/** Null: there is no such type. */
const RequestKind* FindRequestKind(uint32_t type);

}  // namespace vfsd::proxy_helper
