// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "launcher/options.h"

namespace vfsd::launcher {

/**
 * What the cloned child does: makes its view of the world as small as it can while Node still has
 * to be loaded, and becomes the worker. `control` is its end of the control socket.
 */
[[noreturn]] void RunChild(const Options& options, int control);

}  // namespace vfsd::launcher
