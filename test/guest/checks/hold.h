// SPDX-License-Identifier: Apache-2.0
//
// A program that runs a command while it holds a lock.
#pragma once

namespace checks {

// `hold fcntl|flock try|wait FILE COMMAND`: answers the command's exit status. Without the lock it
// prints the errno, and answers 255.
int HoldLock(char** arguments);

}  // namespace checks
