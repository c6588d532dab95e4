// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd::addon {

/**
 * Makes SIGTERM, SIGINT and SIGHUP remove the file at `path` before they end the process, from now
 * until the next exec. Called before the socket is bound, so that there is no moment at which an
 * end would leave it behind: JavaScript does not run between that and the launcher's exec, and
 * could not do it.
 */
void RemoveSocketOnSignal(const char* path);

}  // namespace vfsd::addon
