// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "base/unique_fd.h"

namespace vfsd::proxy_helper {

/**
 * The one client that there is: connected already, or to come on a listening socket. A signal to
 * end (SIGTERM, SIGINT, SIGHUP) ends every wait for it, and lets a request at hand be answered.
 * There is no more than one of this in a process.
 */
class Client {
 public:
  /** Nothing when the socket cannot be used, which has been said. */
  static std::optional<Client> Prepare(UniqueFd socket);

  /** The client's socket. None: it has not come, which has been said unless the end was wanted. Who
   * else connects is refused, as nobody listens any more. */
  UniqueFd Await();

  bool end_is_wanted() const;

 private:
  Client(UniqueFd socket, bool is_listening)
      : socket_(std::move(socket)), is_listening_(is_listening) {}

  UniqueFd socket_;
  bool is_listening_;
};

}  // namespace vfsd::proxy_helper
