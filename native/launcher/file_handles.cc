// SPDX-License-Identifier: Apache-2.0
#include "launcher/file_handles.h"

#include <fcntl.h>

#include <cstddef>
#include <string>

#include "base/unique_fd.h"
#include "launcher/message.h"

namespace vfsd::launcher {

bool RequireFileHandles(const char* directory) {
  const UniqueFd opened(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) {
    return Failed(directory);
  }
  // The kernel's structure ends with an array of unknown size.
  alignas(file_handle) std::byte space[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
  auto* handle = reinterpret_cast<file_handle*>(space);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount_id;
  if (name_to_handle_at(opened.get(), "", handle, &mount_id, AT_EMPTY_PATH) != 0) {
    return Failed(std::string("a file handle for ") + directory,
                  "its file system gives none: choose --inode-file-handles=prefer");
  }
  const UniqueFd again(open_by_handle_at(opened.get(), handle, O_PATH | O_CLOEXEC));
  return again || Failed(std::string("opening the file handle of ") + directory,
                         "choose --inode-file-handles=prefer");
}

}  // namespace vfsd::launcher
