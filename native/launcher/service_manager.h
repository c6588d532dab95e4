// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace vfsd::launcher {

/**
 * What a service manager is told (sd_notify(3)). It takes the word of the process that it has
 * started, which is the launcher: the worker says it to the launcher, and has no way to it itself.
 */
class ServiceManager {
 public:
  /** @param socket connected to the manager's socket; without one nobody is told */
  explicit ServiceManager(UniqueFd socket) : socket_(std::move(socket)) {}

  /** From now on the worker is heard. */
  void Hear(UniqueFd worker) {
    if (socket_) {
      worker_ = std::move(worker);
    }
  }

  /** -1: there is none. */
  int socket() const { return socket_.get(); }
  /** Readable when the worker has said something; -1: nothing is to be expected. */
  int worker() const { return worker_.get(); }

  /** Tells what the worker says. */
  void Relay();

  /** The end has begun. */
  void TellStopping() { Tell("STOPPING=1"); }

 private:
  void Tell(const std::string& message);

  UniqueFd socket_;
  UniqueFd worker_;
};

/**
 * What the manager is told for a word of the worker's: a byte of worker_fds.h, and for a status its
 * text. Empty for anything else: the worker may be in other hands by now.
 */
std::string NotificationFor(std::string_view word);

}  // namespace vfsd::launcher
