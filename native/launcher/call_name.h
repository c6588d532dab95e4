// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "launcher/kernel_log.h"

namespace vfsd::launcher {

/** A call for people: its name, where libseccomp knows one, and its number. */
std::string CallName(const FatalCall& call);

}  // namespace vfsd::launcher
