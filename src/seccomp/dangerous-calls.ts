// SPDX-License-Identifier: Apache-2.0

/**
 * System calls that nothing in vfsd makes while it serves and that would lead out of its sandbox, or help to. In a log
 * they look like an attack, and no option allows them.
 */

const groups: readonly (readonly [what: string, calls: string])[] = [
  ['starts a program', 'execve execveat uselib'],
  ['makes a process or a thread', 'fork vfork clone clone3'],
  [
    'reaches into another process',
    'ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_open pidfd_getfd kcmp ' +
      'move_pages migrate_pages perf_event_open userfaultfd',
  ],
  [
    'sends a signal',
    'kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal timer_create mq_notify',
  ],
  ['makes or uses a socket of its own', 'socket socketpair connect bind listen socketcall'],
  [
    'changes what is mounted, or the root directory',
    'mount umount umount2 pivot_root chroot move_mount open_tree_attr fsopen fsconfig fsmount fspick ' +
      'mount_setattr swapon swapoff quotactl quotactl_fd fanotify_init fanotify_mark',
  ],
  ['makes or enters namespaces', 'setns unshare'],
  [
    'takes a path and no descriptor to begin from',
    'open creat stat stat64 lstat lstat64 access readlink rename link symlink unlink rmdir mkdir mknod chmod chown ' +
      'chown32 lchown lchown32 utime utimes statfs statfs64 chdir fchdir',
  ],
  [
    'changes who the process is',
    'setuid setgid setreuid setregid setresuid setresgid setgroups setuid32 setgid32 setreuid32 setregid32 ' +
      'setresuid32 setresgid32 setgroups32 setsid setpgid personality',
  ],
  ['changes the limits of a process', 'prlimit64 setrlimit ioprio_set setpriority'],
  ['makes memory executable, or hides it', 'pkey_mprotect remap_file_pages memfd_secret shmat'],
  ['changes how code runs', 'modify_ldt set_thread_area arch_prctl'],
  ['makes a file in memory, from which a program can be started', 'memfd_create'],
  [
    'queues system calls past the filters',
    'io_uring_setup io_uring_enter io_uring_register io_submit io_setup',
  ],
  [
    'programs or replaces the kernel',
    'bpf init_module finit_module delete_module create_module kexec_load kexec_file_load reboot iopl ioperm acct',
  ],
  [
    "changes the system's time or name",
    'settimeofday clock_settime clock_settime64 clock_adjtime clock_adjtime64 adjtimex stime sethostname setdomainname',
  ],
  ["reads the kernel's log or keys", 'syslog add_key request_key keyctl'],
];

const reasons: ReadonlyMap<string, string> = new Map(
  groups.flatMap(([what, calls]) => calls.split(' ').map((call): [string, string] => [call, what])),
);

/** What the call does that nothing in vfsd does, to follow "it"; null: it is none of these. */
export function dangerOf(syscall: string): string | null {
  return reasons.get(syscall) ?? null;
}

/** All of them. */
export const dangerousCalls: readonly string[] = [...reasons.keys()];
