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
char socket_path[sizeof(sockaddr_un::sun_path)];

void RemoveAndEnd(int signal) {
  unlink(socket_path);
  // As a shell reports a process that a signal has ended.
  _exit(128 + signal);
}

}  // namespace

void RemoveSocketOnSignal(const char* path) {
  std::strncpy(socket_path, path, sizeof socket_path - 1);
  struct sigaction action = {};
  action.sa_handler = RemoveAndEnd;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace vfsd::addon
