// SPDX-License-Identifier: Apache-2.0

// The helper of QEMU's proxy file system: does with the rights of the one who has started it what a
// QEMU without rights asks for on a socket. The launcher has made its sandbox and starts it as it
// starts Node for vfsd, with the same descriptors and the same conversation. It has one thread.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "base/retry.h"
#include "base/unique_fd.h"
#include "launcher/control_socket.h"
#include "launcher/message.h"
#include "launcher/worker_fds.h"
#include "proxy-helper/client.h"
#include "proxy-helper/server.h"
#include "sys/seccomp_load.h"

namespace vfsd::proxy_helper {
namespace {

using launcher::Failed;
using launcher::Say;

bool IsOpen(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

/** What is opened while the machine's own files can be seen. */
struct Preparations {
  std::optional<sys::SeccompFilter> filter;
  /** A daemon's standard descriptors; none: they stay. */
  UniqueFd null_device;
  /** Where a daemon's messages go. */
  int log = STDERR_FILENO;
};

std::optional<Preparations> Prepare(bool is_daemon) {
  Preparations made;
  auto filter = sys::SeccompFilter::ReadIfGiven(
      IsOpen(launcher::kProcessFilterFd) ? launcher::kProcessFilterFd : -1);
  if (!filter) {
    errno = filter.error().value();
    Failed("reading the seccomp filter");
    return std::nullopt;
  }
  made.filter = std::move(*filter);
  close(launcher::kProcessFilterFd);
  if (is_daemon) {
    made.null_device.Reset(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!made.null_device) {
      Failed("/dev/null");
      return std::nullopt;
    }
    if (IsOpen(launcher::kLogFd)) {
      made.log = launcher::kLogFd;
    }
  }
  return made;
}

/** Gives the caller's terminal back. */
bool LeaveStandardDescriptors(const UniqueFd& null_device) {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (dup3(null_device.get(), fd, 0) < 0) {
      return Failed("leaving the standard descriptors");
    }
  }
  return true;
}

/** Waits until the launcher has changed the root, and gives up what is only needed until then. */
bool Seal(const Preparations& prepared, const sys::ProcSelfFd& proc, int control) {
  if (!launcher::SendByte(control, launcher::kLoaded) ||
      !launcher::AwaitByte(control, launcher::kConfined)) {
    // The launcher has ended, and has said why.
    return false;
  }
  Status sealed = proc.Enter();
  if (sealed && prepared.filter) {
    sealed = prepared.filter->Load(sys::FilterScope::kThread);
  }
  if (!sealed) {
    errno = sealed.error().value();
    return Failed("confining the helper");
  }
  return true;
}

int Run(bool is_daemon) {
  UniqueFd control(launcher::kControlFd);
  const auto prepared = Prepare(is_daemon);
  if (!prepared) {
    return 1;
  }
  sys::ProcSelfFd proc{UniqueFd(launcher::kProcSelfFd)};
  auto identity = identity::ProcessIdentity::OfCallingThread();
  auto client = Client::Prepare(UniqueFd(launcher::kListenFd));
  if (!client || !Seal(*prepared, proc, control.get())) {
    return 1;
  }
  // Nobody may want to know it.
  static_cast<void>(launcher::SendByte(control.get(), launcher::kReady));
  control.Reset();
  if (is_daemon) {
    if (!LeaveStandardDescriptors(prepared->null_device)) {
      return 1;
    }
    launcher::SpeakTo(prepared->log);
  }
  UniqueFd socket = client->Await();
  if (!socket) {
    return client->end_is_wanted() ? 0 : 1;
  }
  const auto connection = std::make_unique<Connection>(std::move(socket));
  Operations operations(Tree(UniqueFd(launcher::kRootFd), std::move(proc)), std::move(identity));
  const std::string problem = Serve(*connection, operations);
  if (problem.empty() || client->end_is_wanted()) {
    return 0;
  }
  Say(problem);
  return 1;
}

}  // namespace
}  // namespace vfsd::proxy_helper

int main(int argc, char** argv) {
  vfsd::launcher::SpeakAs("virtfs-proxy-helper");
  return vfsd::proxy_helper::Run(argc == 2 && std::string_view(argv[1]) == "--daemon");
}
