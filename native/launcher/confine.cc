// SPDX-License-Identifier: Apache-2.0
#include "launcher/confine.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher/message.h"
#include "launcher/privileges.h"

namespace vfsd::launcher {
bool MustEnterUserNamespace(const Options& options) {
  return options.user_namespace && !HasCapability(CAP_SYS_ADMIN);
}

bool JoinChild(const Options& options, bool user_namespace, int pidfd) {
  if (options.sandbox != Sandbox::kNamespace) {
    return true;
  }
  const int namespaces = CLONE_NEWNS | (user_namespace ? CLONE_NEWUSER : 0);
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
