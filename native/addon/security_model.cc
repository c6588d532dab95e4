// SPDX-License-Identifier: Apache-2.0
#include "addon/security_model.h"

#include <string>

#include "addon/convert.h"
#include "fs/lax_ownership.h"
#include "fs/mapped/mapped_file.h"
#include "fs/mapped/mapped_xattr.h"

namespace vfsd::addon {

std::unique_ptr<fs::Forwarding> MakeSecurityModel(const Napi::Object& setup,
                                                  fuse::FileSystem& inner,
                                                  const identity::ProcessIdentity& identity) {
  const std::string model = ToString(setup.Get("securityModel"));
  if (model == "none") {
    return std::make_unique<fs::LaxOwnership>(inner, identity);
  }
  const fs::mapped::Options options = {.file_mode = ToUint32(setup.Get("fileMode")),
                                       .directory_mode = ToUint32(setup.Get("directoryMode")),
                                       .xattr = ToBool(setup.Get("xattr"))};
  if (model == "mapped-xattr") {
    return std::make_unique<fs::mapped::MappedXattr>(inner, options, identity);
  }
  if (model == "mapped-file") {
    return std::make_unique<fs::mapped::MappedFile>(inner, options, identity);
  }
  return nullptr;
}

}  // namespace vfsd::addon
