// SPDX-License-Identifier: Apache-2.0

// The launcher: what must be done about the worker from outside of it, by a process with a single
// thread.
//
// It makes the worker's namespaces, waits until Node is loaded in them, changes the worker's root
// to the shared directory, gives up its own rights and stays as the parent: it passes signals on,
// removes the socket and reports the worker's end. It reads nothing from the front-end or the
// guest.

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/unique_fd.h"
#include "launcher/callers_wait.h"
#include "launcher/child.h"
#include "launcher/confine.h"
#include "launcher/control_socket.h"
#include "launcher/file_handles.h"
#include "launcher/id_maps.h"
#include "launcher/kernel_log.h"
#include "launcher/message.h"
#include "launcher/options.h"
#include "launcher/privileges.h"
#include "launcher/service_manager.h"
#include "launcher/socket_file.h"
#include "launcher/supervise.h"
#include "launcher/worker_fds.h"
#include "sys/seccomp_load.h"

namespace vfsd::launcher {
namespace {

bool LimitOpenFiles(uint64_t limit) {
  const rlimit both = {limit, limit};
  return limit == 0 || setrlimit(RLIMIT_NOFILE, &both) == 0 ||
         Failed("setting RLIMIT_NOFILE", "choose a smaller --rlimit-nofile");
}

uint64_t CloneFlags(const Options& options) {
  switch (options.sandbox) {
    case Sandbox::kNamespace:
      return CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
             (options.user_namespace ? CLONE_NEWUSER : 0);
    case Sandbox::kChroot:
      // Only so can the launcher change the root of a process that must not have the right to do
      // it.
      return CLONE_FS;
    case Sandbox::kNone:
      return 0;
  }
  return 0;
}

/** As fork(2): 0 in the child, -1 on failure, which has been said. */
pid_t Clone(const Options& options, UniqueFd& pidfd) {
  int fd = -1;
  clone_args arguments = {};
  arguments.flags = CloneFlags(options) | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<uint64_t>(&fd);
  arguments.exit_signal = SIGCHLD;
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid < 0) {
    Failed("creating the sandbox's namespaces",
           options.user_namespace
               ? "are user namespaces enabled (sysctl user.max_user_namespaces)?"
               : "in a container, use --sandbox=chroot or give it CAP_SYS_ADMIN");
  }
  pidfd.Reset(fd);
  return pid;
}

/**
 * Closes what the launcher has opened and inherited: a listening socket or a caller's pipe must not
 * live on in a process that only waits. Keeps 0 to 2 and these; -1: there is none.
 */
bool CloseAllBut(std::array<int, 9> descriptors) {
  std::ranges::sort(descriptors);
  unsigned next = STDERR_FILENO + 1;
  for (const int kept : descriptors) {
    if (kept < 0) {
      continue;
    }
    const auto last = static_cast<unsigned>(kept) - 1;
    if (next <= last && syscall(SYS_close_range, next, last, 0) != 0) {
      return Failed("closing descriptors");
    }
    next = static_cast<unsigned>(kept) + 1;
  }
  return syscall(SYS_close_range, next, ~0u, 0) == 0 || Failed("closing descriptors");
}

/** Where front-ends connect, and where it is asked how the daemon is. */
struct SocketFiles {
  SocketFile front_end;
  SocketFile control;

  bool NeedDacOverride() const {
    return front_end.NeedsDacOverride() || control.NeedsDacOverride();
  }
  void Remove() const {
    front_end.Remove();
    control.Remove();
  }
};

/** What the launcher still needs while it waits: mostly nothing. */
uint64_t LastingCapabilities(const Options& options, const SocketFiles& sockets,
                             bool user_namespace) {
  if (user_namespace) {
    // The worker may be another user of the host, to whom signals have to go.
    return options.MapsIds() ? 1ull << CAP_KILL : 0;
  }
  return geteuid() == 0 && sockets.NeedDacOverride() ? 1ull << CAP_DAC_OVERRIDE : 0;
}

/** @param user_namespace the launcher has entered the worker's */
bool GiveUpRights(const Options& options, const SocketFiles& sockets, const KernelLog& log,
                  const ServiceManager& manager, const CallersWait& caller, bool user_namespace,
                  int pidfd) {
  if (!KeepOnly(LastingCapabilities(options, sockets, user_namespace))) {
    return false;
  }
  const auto filter = sys::SeccompFilter::ReadIfGiven(options.launcher_filter_fd);
  if (!CloseAllBut({pidfd, sockets.front_end.directory(), sockets.control.directory(), log.fd(),
                    manager.socket(), manager.worker(), caller.pipe(), caller.null_device(),
                    options.daemon ? options.log_fd : -1})) {
    return false;
  }
  Status loaded = filter ? Status() : filter.error();
  if (filter && *filter) {
    loaded = (*filter)->Load(sys::FilterScope::kThread);
  }
  if (!loaded) {
    errno = loaded.error().value();
    return Failed("loading the launcher's seccomp filter");
  }
  return true;
}

/** The child's next word, unless the user wants no more of it. */
bool Hear(int control, char byte, UniqueFd* fd = nullptr) {
  return AwaitReadable(control) && AwaitByte(control, byte, fd);
}

/**
 * Goes with the child from its creation to its confinement. False when that has failed, when the
 * worker has ended on the way (then it has said why), or when a signal asks for the end.
 */
bool Confine(const Options& options, bool user_namespace, int control, pid_t pid, int pidfd) {
  if (options.user_namespace && !WriteIdMaps(options, pid)) {
    return false;
  }
  // Before the tree is mounted: who enters a mount namespace stands on top of what is mounted over
  // its root, and could not move away from there when the root itself is shared.
  if (!JoinChild(options, user_namespace, pidfd)) {
    return false;
  }
  UniqueFd tree;
  return SendByte(control, kGo) && Hear(control, kTree, &tree) && Hear(control, kLoaded) &&
         MoveIntoTree(options, tree.get()) && SendByte(control, kConfined);
}

/** A daemon's caller is let go when the worker is ready; from then on syslog is spoken to. */
bool GoIntoBackground(const Options& options, CallersWait& caller) {
  if (!options.daemon) {
    return true;
  }
  if (!caller.End()) {
    return false;
  }
  SpeakTo(options.log_fd < 0 ? STDERR_FILENO : options.log_fd);
  return true;
}

int Launch(const Options& options, const SocketFiles& sockets, CallersWait& caller) {
  if (options.require_file_handles && !RequireFileHandles(options.shared_dir)) {
    return 1;
  }
  const KernelLog log;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    Failed("socketpair");
    return 1;
  }
  UniqueFd control(ends[0]);
  UniqueFd childs_end(ends[1]);
  UniqueFd pidfd;
  const pid_t pid = Clone(options, pidfd);
  if (pid < 0) {
    return 1;
  }
  if (pid == 0) {
    control.Reset();
    RunChild(options, childs_end.get());
  }
  childs_end.Reset();
  const bool user_namespace = MustEnterUserNamespace(options);
  const bool confined = Confine(options, user_namespace, control.get(), pid, pidfd.get()) &&
                        (!options.daemon || Hear(control.get(), kReady));
  ServiceManager manager{UniqueFd(options.notify_fd)};
  if (confined) {
    manager.Hear(std::move(control));
  } else {
    // A worker that waits for its launcher sees the end of the conversation, and ends.
    control.Reset();
  }
  if (!confined ||
      !GiveUpRights(options, sockets, log, manager, caller, user_namespace, pidfd.get()) ||
      !GoIntoBackground(options, caller)) {
    return Abandon(pidfd.get(), log);
  }
  return Supervise(pidfd.get(), log, manager);
}

}  // namespace
}  // namespace vfsd::launcher

int main(int argc, char** argv) {
  namespace launcher = vfsd::launcher;
  // Nobody may be reading what it says: that must not keep it from removing the socket.
  static_cast<void>(signal(SIGPIPE, SIG_IGN));
  const auto options = launcher::ParseOptions(argc, argv);
  if (!options) {
    return 1;
  }
  if (options->program != nullptr) {
    launcher::SpeakAs(options->program);
  }
  launcher::CallersWait caller;
  const launcher::SocketFiles sockets = {launcher::SocketFile(options->socket_path),
                                         launcher::SocketFile(options->control_socket_path)};
  const bool begun = !options->daemon || caller.Begin();
  launcher::BlockSupervisedSignals();
  const int status = begun && launcher::LimitOpenFiles(options->rlimit_nofile)
                         ? launcher::Launch(*options, sockets, caller)
                         : 1;
  sockets.Remove();
  return status;
}
