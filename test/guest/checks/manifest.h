// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace checks {

// Prints a line for each thing below the directory, in the order of its bytes:
//   TYPE MODE UID GID SIZE MTIME CONTENT PATH
// TYPE is a letter as in `find -type`, MODE is octal, MTIME is in nanoseconds, CONTENT the SHA-256
// of a file or of a link's target, and PATH is relative, with all but plain characters as %XX. The
// size of anything but a file or link is given as 0, as file systems count it as they like.
int PrintManifest(const char* directory);

}  // namespace checks
