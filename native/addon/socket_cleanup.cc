// SPDX-License-Identifier: Apache-2.0
#include "addon/socket_cleanup.h"

#include <signal.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <initializer_list>

namespace vfsd::addon {
namespace {

// A signal's handler can be told nothing: what it removes has to be here.
// The front-ends' socket and the one for questions about the daemon.
constexpr size_t kMostSockets = 2;
char socket_paths[kMostSockets][sizeof(sockaddr_un::sun_path)];
size_t sockets = 0;

void RemoveAndEnd(int signal) {
  for (const char* path : socket_paths) {
    unlink(path);
  }
  // As a shell reports a process that a signal has ended.
  _exit(128 + signal);
}

}  // namespace

void RemoveSocketOnSignal(const char* path) {
  if (sockets < kMostSockets) {
    std::strncpy(socket_paths[sockets], path, sizeof socket_paths[sockets] - 1);
    ++sockets;
  }
  struct sigaction action = {};
  action.sa_handler = RemoveAndEnd;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace vfsd::addon
