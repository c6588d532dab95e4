// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "fuse/file_system.h"

namespace vfsd::fs::mapped {

/** The names in a directory of the file system below, without "." and "..", `most` of them. */
Result<std::vector<std::string>> ListNames(fuse::FileSystem& inner, fuse::RequestContext& context,
                                           fuse::NodeId directory, size_t most);

}  // namespace vfsd::fs::mapped
