// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuse/types.h"

namespace vfsd::testing {

/** Where nobody stands by to go on with the queue. */
class AwakeAlways final : public fuse::SleepNotice {
 public:
  void AboutToSleep() override {}
};

}  // namespace vfsd::testing
