// SPDX-License-Identifier: Apache-2.0
#include "launcher/confine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"
#include "launcher/message.h"

namespace vfsd::launcher {
namespace {

bool WriteProcFile(int pid, const std::string& name, const std::string& text) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  // In one piece: that is how the kernel wants these files written.
  const bool written =
      file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return written || Failed(path);
}

/** A map with one line: `id` outside is 0 inside. */
std::string MapToZero(unsigned id) {
  return "0 " + std::to_string(id) + " 1\n";
}

}  // namespace

bool WriteIdMaps(int child_pid) {
  // An ordinary user may map a group only when groups cannot be left (user_namespaces(7)).
  return WriteProcFile(child_pid, "uid_map", MapToZero(geteuid())) &&
         WriteProcFile(child_pid, "setgroups", "deny") &&
         WriteProcFile(child_pid, "gid_map", MapToZero(getegid()));
}

bool JoinChild(const Options& options, int pidfd) {
  if (options.sandbox != Sandbox::kNamespace) {
    return true;
  }
  const int namespaces = CLONE_NEWNS | (options.user_namespace ? CLONE_NEWUSER : 0);
  return setns(pidfd, namespaces) == 0 ||
         Failed("entering the sandbox's mount namespace", "vfsd needs Linux 5.8");
}

namespace {

bool Chroot() {
  if (chroot(".") != 0) {
    return Failed("chroot into the shared directory", "--sandbox=chroot needs CAP_SYS_CHROOT");
  }
  // From here on the worker's working directory is its own affair.
  return unshare(CLONE_FS) == 0 || Failed("leaving the worker's file system context");
}

bool PivotRoot() {
  // The old root comes to lie on top of the new one at the same place, and is taken away from there
  // (pivot_root(2)).
  if (syscall(SYS_pivot_root, ".", ".") != 0) {
    return Failed("pivot_root into the shared directory",
                  "where / is an initramfs, use --sandbox=chroot");
  }
  if (umount2(".", MNT_DETACH) != 0) {
    return Failed("leaving the old root");
  }
  return chdir("/") == 0 || Failed("chdir to /");
}

}  // namespace

bool MoveIntoTree(const Options& options, int tree) {
  if (options.sandbox == Sandbox::kNone) {
    return true;
  }
  if (fchdir(tree) != 0) {
    return Failed("changing into the shared directory");
  }
  return options.sandbox == Sandbox::kChroot ? Chroot() : PivotRoot();
}

}  // namespace vfsd::launcher
