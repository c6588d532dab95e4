// SPDX-License-Identifier: Apache-2.0
#include "launcher/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/unique_fd.h"
#include "launcher/control_socket.h"
#include "launcher/message.h"
#include "launcher/privileges.h"
#include "launcher/worker_fds.h"
#include "sys/seccomp_load.h"

namespace vfsd::launcher {
namespace {

/** Says what failed and ends the child; the launcher sees its end. */
[[noreturn]] void Fail(const char* what, const char* hint = nullptr) {
  Failed(what, hint);
  _exit(1);
}

struct View {
  UniqueFd root;
  UniqueFd proc_self_fd;
};

UniqueFd OpenDirectory(const char* path) {
  UniqueFd directory(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    Fail(path);
  }
  return directory;
}

/** A copy of a mount that is attached nowhere, with attributes added to it and to all below it. */
UniqueFd DetachedMount(int directory, const char* path, unsigned flags, uint64_t attributes) {
  UniqueFd tree(static_cast<int>(
      syscall(SYS_open_tree, directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags)));
  if (!tree) {
    return tree;
  }
  mount_attr change = {};
  change.attr_set = attributes;
  const unsigned recursive = flags & AT_RECURSIVE;
  if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | recursive, &change,
              sizeof change) != 0) {
    Fail("mount_setattr", "vfsd needs Linux 5.12 for --sandbox=namespace");
  }
  return tree;
}

View NamespaceView(const Options& options) {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    Fail("making the mounts private");
  }
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    Fail("mounting /proc for the sandbox",
         "in a container that masks parts of /proc, use --sandbox=chroot");
  }
  View view;
  // The mount has no parent, so ".." does not lead out of it.
  view.proc_self_fd =
      DetachedMount(AT_FDCWD, "/proc/self/fd", 0,
                    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  if (!view.proc_self_fd) {
    Fail("open_tree of /proc/self/fd");
  }
  const UniqueFd shared = OpenDirectory(options.shared_dir);
  view.root = DetachedMount(
      shared.get(), "", AT_RECURSIVE | AT_EMPTY_PATH,
      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (options.read_only ? MOUNT_ATTR_RDONLY : 0));
  if (!view.root) {
    Fail("open_tree of the shared directory");
  }
  // Over itself, so that there is a mount point to pivot to.
  if (syscall(SYS_move_mount, view.root.get(), "", shared.get(), "",
              MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    Fail("mounting the shared directory over itself");
  }
  return view;
}

View PlainView(const Options& options) {
  return {OpenDirectory(options.shared_dir), OpenDirectory("/proc/self/fd")};
}

/** Moves the worker's descriptors to their numbers; every other one ends with the exec. */
void PlaceFds(const Options& options, const View& view, int control) {
  const std::array<std::pair<int, int>, 11> wanted = {{
      {options.listen_fd, kListenFd},
      {options.config_fd, kConfigFd},
      {control, kControlFd},
      {view.proc_self_fd.get(), kProcSelfFd},
      {view.root.get(), kRootFd},
      {options.process_filter_fd, kProcessFilterFd},
      {options.main_thread_filter_fd, kMainThreadFilterFd},
      {options.data_threads_filter_fd, kDataThreadsFilterFd},
      {options.lock_threads_filter_fd, kLockThreadsFilterFd},
      {options.log_fd, kLogFd},
      {options.control_listen_fd, kControlListenFd},
  }};
  // In two steps, because a descriptor may stand where another one shall go.
  std::array<int, wanted.size()> moved;
  for (size_t i = 0; i < wanted.size(); ++i) {
    moved[i] = wanted[i].first < 0 ? -1 : fcntl(wanted[i].first, F_DUPFD_CLOEXEC, kWorkerFdEnd);
    if (wanted[i].first >= 0 && moved[i] < 0) {
      Fail("moving a descriptor");
    }
  }
  if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) != 0) {
    Fail("close_range", "vfsd needs Linux 5.11");
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int target = wanted[i].second;
    if (moved[i] < 0) {
      close(target);
    } else if (dup2(moved[i], target) < 0) {
      Fail("moving a descriptor");
    }
  }
}

[[noreturn]] void FailFilter(Errno error) {
  errno = error.value();
  Fail("loading the first seccomp filter", "use --seccomp=none on a kernel without seccomp");
}

std::optional<sys::SeccompFilter> ReadStartFilter(const Options& options) {
  auto filter = sys::SeccompFilter::ReadIfGiven(options.start_filter_fd);
  if (!filter) {
    FailFilter(filter.error());
  }
  return std::move(*filter);
}

/**
 * Becomes the user that Node is to run as. Not earlier: another user may be unable to find the
 * shared directory.
 */
void BecomeWorkersUser(const Options& options) {
  if (!BecomeNamespaceRoot()) {
    _exit(1);
  }
  // Node says less clearly what it cannot read.
  for (char** argument = options.worker; *argument != nullptr; ++argument) {
    if ((*argument)[0] == '/' && access(*argument, R_OK) != 0) {
      Fail(*argument, "the user who is 0 by --uid-map must be able to read vfsd's program files");
    }
  }
}

void EndWithLauncher() {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    Fail("asking to end with the launcher");
  }
}

void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // What is ignored, unlike what is caught, would stay so over the exec.
  static_cast<void>(signal(SIGPIPE, SIG_DFL));
}

}  // namespace

void RunChild(const Options& options, int control) {
  EndWithLauncher();
  if (!AwaitByte(control, kGo)) {
    _exit(1);
  }
  const bool namespaces = options.sandbox == Sandbox::kNamespace;
  const View view = namespaces ? NamespaceView(options) : PlainView(options);
  // A working directory outside of the new root would keep the old tree reachable.
  if (namespaces && chdir("/") != 0) {
    Fail("chdir to /");
  }
  if (!SendByte(control, kTree, view.root.get())) {
    _exit(1);
  }
  // The guest's kernel has applied its process's mask already; the worker adds none of its own.
  umask(0);
  if (!LeaveSupplementaryGroups()) {
    _exit(1);
  }
  if (options.MapsIds()) {
    BecomeWorkersUser(options);
  }
  const std::optional<sys::SeccompFilter> filter = ReadStartFilter(options);
  PlaceFds(options, view, control);
  if (!SeparateCapabilitiesFromIds() || !KeepOnly(options.capabilities)) {
    _exit(1);
  }
  // Once more: changes of credentials clear it.
  EndWithLauncher();
  ResetSignals();
  const Status loaded = filter ? filter->Load(sys::FilterScope::kThread) : Status();
  if (!loaded) {
    FailFilter(loaded.error());
  }
  execv(options.worker[0], options.worker);
  Fail(options.worker[0]);
}

}  // namespace vfsd::launcher
