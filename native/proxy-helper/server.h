// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "proxy-helper/connection.h"
#include "proxy-helper/operations.h"

namespace vfsd::proxy_helper {

/**
 * Answers a client's requests, one after the other, until it has gone.
 * @returns why it could not go on; empty: the client has ended the conversation
 */
std::string Serve(Connection& connection, Operations& operations);

}  // namespace vfsd::proxy_helper
