// SPDX-License-Identifier: Apache-2.0

/**
 * System calls that do the same in several forms. Which of them a program makes is decided by its C library, by Node or
 * by the kernel's version, and so a new release of these can bring another one.
 */

const families: readonly (readonly string[])[] = [
  'openat openat2',
  'open_tree openat openat2',
  'statx newfstatat fstatat64 fstat fstat64',
  'statx file_getattr',
  'renameat renameat2',
  'fchmodat fchmodat2 fchmod',
  'fchownat fchown fchown32',
  'utimensat utimensat_time64 futimesat',
  'truncate truncate64',
  'ftruncate ftruncate64',
  'fallocate ftruncate',
  'fstatfs fstatfs64',
  'getdents64 getdents',
  'lseek _llseek',
  'preadv2 preadv pread64 readv read',
  'pwritev2 pwritev pwrite64 writev write',
  'copy_file_range sendfile sendfile64 splice',
  'fsync fdatasync sync_file_range syncfs',
  'getxattr fgetxattr lgetxattr getxattrat',
  'setxattr fsetxattr lsetxattr setxattrat',
  'listxattr flistxattr llistxattr listxattrat',
  'removexattr fremovexattr lremovexattr removexattrat',
  'ioctl file_getattr file_setattr',
  'fcntl fcntl64',
  'setfsuid setfsuid32',
  'setfsgid setfsgid32',
  'eventfd2 eventfd',
  'epoll_create1 epoll_create',
  'epoll_wait epoll_pwait epoll_pwait2',
  'poll ppoll ppoll_time64 select pselect6 pselect6_time64',
  'accept4 accept',
  'recvmsg recvmmsg recvfrom recv',
  'sendmsg sendmmsg sendto send',
  'getsockopt getsockname getpeername',
  'futex futex_time64 futex_wait futex_wake futex_requeue futex_waitv',
  'timer_settime timer_settime64 timer_gettime timer_delete',
  'clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday time',
  'clock_nanosleep clock_nanosleep_time64 nanosleep',
  'rt_sigtimedwait rt_sigtimedwait_time64',
  'waitid wait4',
  'mmap mmap2',
  'munmap mremap madvise mprotect brk mseal',
  'dup dup2 dup3',
  'close close_range',
  'getrusage times',
  'exit_group exit',
  // What C libraries and Node ask about themselves, and tell the kernel about their own threads.
  'rseq set_robust_list get_robust_list membarrier getcpu set_tid_address map_shadow_stack sigaltstack',
  'sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_getattr getpriority',
  'gettid getpid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getgroups getuid32 geteuid32 getgid32 getegid32',
  'capget getrandom uname sysinfo getrlimit ugetrlimit mincore',
].map((line) => line.split(' '));

/** The calls that do the same, in the order of their nearness as far as that is known. */
export function relativesOf(syscall: string): readonly string[] {
  const relatives = families.filter((family) => family.includes(syscall)).flat();
  return [...new Set(relatives)].filter((name) => name !== syscall);
}

/** Every name that this table has, for its test. */
export const familyMembers: readonly string[] = [...new Set(families.flat())];
