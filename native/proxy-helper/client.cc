// SPDX-License-Identifier: Apache-2.0
#include "proxy-helper/client.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/retry.h"
#include "launcher/message.h"

namespace vfsd::proxy_helper {
namespace {

using launcher::Failed;

volatile sig_atomic_t end_wanted = 0;
/** What is waited for: the listening socket, then the client's. */
volatile sig_atomic_t awaited = -1;

/** Ends a wait for the socket, and every later one, which a flag alone would come too late for. */
void OnEndSignal(int /*signal*/) {
  const int before = errno;
  end_wanted = 1;
  shutdown(awaited, SHUT_RD);
  errno = before;
}

/** The first process of a namespace gets no signal that it does not handle. */
bool HearEndSignals() {
  struct sigaction action = {};
  action.sa_handler = OnEndSignal;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    if (sigaction(signal, &action, nullptr) != 0) {
      return Failed("setting a signal's handler");
    }
  }
  return true;
}

bool Ask(int socket, int option, int& answer) {
  socklen_t size = sizeof answer;
  return getsockopt(socket, SOL_SOCKET, option, &answer, &size) == 0;
}

}  // namespace

std::optional<Client> Client::Prepare(UniqueFd socket) {
  const int fd = socket.get();
  int domain = 0;
  int type = 0;
  int listening = 0;
  if (!Ask(fd, SO_DOMAIN, domain) || !Ask(fd, SO_TYPE, type) ||
      !Ask(fd, SO_ACCEPTCONN, listening)) {
    Failed("looking at the socket");
    return std::nullopt;
  }
  if (domain != AF_UNIX || type != SOCK_STREAM) {
    launcher::Say("the descriptor given as --fd is not a Unix stream socket");
    return std::nullopt;
  }
  // Given from outside, it may be one that does not wait.
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
    Failed("preparing the socket");
    return std::nullopt;
  }
  awaited = fd;
  if (!HearEndSignals()) {
    return std::nullopt;
  }
  return Client(std::move(socket), listening != 0);
}

UniqueFd Client::Await() {
  if (!is_listening_) {
    return std::move(socket_);
  }
  auto client = RetryFd([&] { return accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC); });
  if (client) {
    awaited = client->get();
    // To close it is not enough: the launcher may have it for a moment yet.
    shutdown(socket_.get(), SHUT_RDWR);
  }
  socket_.Reset();
  // It may have been wanted while the other socket was looked at.
  if (end_is_wanted()) {
    return {};
  }
  if (!client) {
    errno = client.error().value();
    Failed("waiting for a client");
    return {};
  }
  return std::move(*client);
}

bool Client::end_is_wanted() const {
  return end_wanted != 0;
}

}  // namespace vfsd::proxy_helper
