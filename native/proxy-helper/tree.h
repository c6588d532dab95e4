// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "proxy-helper/c_text.h"
#include "sys/proc_self_fd.h"

namespace vfsd::proxy_helper {

/** A name in a directory that has been found: what changes names works on this. */
class Entry {
 public:
  int directory() const { return directory_.get(); }
  const char* name() const { return name_; }

 private:
  friend class Tree;

  UniqueFd directory_;
  CText path_;
  const char* name_ = nullptr;
};

/**
 * The exported tree. A client names things by paths from its root; symbolic links and ".." on the
 * way lead to where they would if the tree's root were that of the file system, and never out of
 * it, whatever others rename meanwhile.
 */
class Tree {
 public:
  Tree(UniqueFd root, sys::ProcSelfFd proc_self_fd)
      : root_(std::move(root)), proc_self_fd_(std::move(proc_self_fd)) {}

  /** An O_PATH descriptor of what a path names, which is opened in no other way; a symbolic link at
   * its end is that link. */
  Result<UniqueFd> Find(std::string_view path) const;

  /** The directory of a path's last component. EINVAL: that is no name, but "", "." or "..". */
  Status FindEntry(std::string_view path, Entry& entry) const;

  /** What the entry is, as Find() answers it. */
  static Result<UniqueFd> FindIn(const Entry& entry);

  const sys::ProcSelfFd& proc_self_fd() const { return proc_self_fd_; }

 private:
  UniqueFd root_;
  sys::ProcSelfFd proc_self_fd_;
};

}  // namespace vfsd::proxy_helper
