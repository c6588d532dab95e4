// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/unique_fd.h"

namespace vfsd::launcher {

/** Sends one byte, and a descriptor with it unless that is -1. False when the other side has gone.
 */
bool SendByte(int socket, char byte, int fd = -1);

/** Waits for the byte; a descriptor that comes with it goes to `fd`. False when the other side has
 * gone. */
bool AwaitByte(int socket, char byte, UniqueFd* fd = nullptr);

}  // namespace vfsd::launcher
