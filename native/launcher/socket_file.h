// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

namespace vfsd::launcher {

/**
 * The socket's file, to be removed at the end. Remembered by its directory's descriptor, because
 * the path will mean something else, or nothing, once the launcher lives in the shared tree.
 */
class SocketFile {
 public:
  /** Without a path there is nothing to remove. */
  explicit SocketFile(const char* path);

  /** Whether removing it takes CAP_DAC_OVERRIDE: the directory belongs to another user. */
  bool NeedsDacOverride() const;

  /** Removes it, unless another process has put its own in this place. */
  void Remove() const;

 private:
  UniqueFd directory_;
  std::string name_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace vfsd::launcher
