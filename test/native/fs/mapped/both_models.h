// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mapped_directory.h"

namespace vfsd::testing {

/** A test of both mapped models. */
class BothModels : public MappedDirectory, public ::testing::WithParamInterface<Model> {
 public:
  static std::string NameOfModel(const ::testing::TestParamInfo<Model>& info) {
    return info.param == Model::kXattr ? "Xattr" : "File";
  }

 protected:
  void SetUp() override { Map(GetParam()); }
};

}  // namespace vfsd::testing
