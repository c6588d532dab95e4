// SPDX-License-Identifier: Apache-2.0
//
// Locks between two processes of the guest.
#include <sys/file.h>
#include <sys/wait.h>

#include "file.h"

namespace checks {
namespace {

int LockRange(int fd, int command, short type, off_t start, off_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return fcntl(fd, command, &lock);
}

CHECK("an exclusive flock keeps another process out until it is released") {
  const File file("file", O_RDWR | O_CREAT);
  Must(flock(file, LOCK_EX));
  InChild([] {
    const File other("file", O_RDWR);
    FailsWith(EWOULDBLOCK, flock(other, LOCK_EX | LOCK_NB));
    FailsWith(EWOULDBLOCK, flock(other, LOCK_SH | LOCK_NB));
  });
  Must(flock(file, LOCK_UN));
  InChild([] {
    const File other("file", O_RDWR);
    Must(flock(other, LOCK_EX | LOCK_NB));
  });
}

CHECK("shared flocks go together") {
  const File file("file", O_RDWR | O_CREAT);
  Must(flock(file, LOCK_SH));
  InChild([] {
    const File other("file", O_RDWR);
    Must(flock(other, LOCK_SH | LOCK_NB));
    FailsWith(EWOULDBLOCK, flock(other, LOCK_EX | LOCK_NB));
  });
}

CHECK("a record lock keeps another process out of its range only") {
  const File file("file", O_RDWR | O_CREAT);
  Must(LockRange(file, F_SETLK, F_WRLCK, 100, 50));
  InChild([] {
    const File other("file", O_RDWR);
    FailsWith(EAGAIN, LockRange(other, F_SETLK, F_WRLCK, 120, 1));
    Must(LockRange(other, F_SETLK, F_WRLCK, 0, 100));
    Must(LockRange(other, F_SETLK, F_WRLCK, 150, 0));
  });
}

CHECK("F_GETLK tells who holds a record lock") {
  const File file("file", O_RDWR | O_CREAT);
  Must(LockRange(file, F_SETLK, F_WRLCK, 0, 10));
  const pid_t owner = getpid();
  InChild([owner] {
    const File other("file", O_RDWR);
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    Must(fcntl(other, F_GETLK, &lock));
    Expect(lock.l_type == F_WRLCK, "it is locked for writing");
    ExpectEqual(lock.l_pid, owner);
  });
}

CHECK("locks end with the process that held them") {
  const File file("file", O_RDWR | O_CREAT);
  InChild([] {
    const File other("file", O_RDWR);
    Must(flock(other, LOCK_EX));
    Must(LockRange(other, F_SETLK, F_WRLCK, 0, 0));
  });
  Must(flock(file, LOCK_EX | LOCK_NB));
  Must(LockRange(file, F_SETLK, F_WRLCK, 0, 0));
}

CHECK("a process that waits for a record lock gets it") {
  const File file("file", O_RDWR | O_CREAT);
  InChild([] {
    const File holder("file", O_RDWR);
    Must(LockRange(holder, F_SETLK, F_WRLCK, 0, 0));
    const pid_t waiter = static_cast<pid_t>(Must(fork()));
    if (waiter == 0) {
      const File other("file", O_RDWR);
      _exit(LockRange(other, F_SETLKW, F_WRLCK, 0, 0) == 0 ? 0 : 1);
    }
    usleep(100'000);
    Must(LockRange(holder, F_SETLK, F_UNLCK, 0, 0));
    int status = 0;
    Must(waitpid(waiter, &status, 0));
    ExpectEqual(status, 0);
  });
}

}  // namespace
}  // namespace checks
