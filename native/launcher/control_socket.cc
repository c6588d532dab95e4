// SPDX-License-Identifier: Apache-2.0
#include "launcher/control_socket.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstring>

#include "base/retry.h"

namespace vfsd::launcher {
namespace {

struct alignas(cmsghdr) Control {
  char bytes[CMSG_SPACE(sizeof(int))];
};

}  // namespace

bool SendByte(int socket, char byte, int fd) {
  iovec data = {&byte, 1};
  Control control = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  return Retry([&] { return sendmsg(socket, &message, MSG_NOSIGNAL); }).ok();
}

bool AwaitReadable(int socket) {
  pollfd readable = {socket, POLLIN, 0};
  sigset_t none;
  sigemptyset(&none);
  return ppoll(&readable, 1, nullptr, &none) > 0;
}

bool AwaitByte(int socket, char byte, UniqueFd* fd) {
  char received = 0;
  iovec data = {&received, 1};
  Control control = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  const auto count = Retry([&] { return recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  if (!count || *count != 1 || received != byte) {
    return false;
  }
  const cmsghdr* part = CMSG_FIRSTHDR(&message);
  if (fd != nullptr && part != nullptr && part->cmsg_type == SCM_RIGHTS) {
    int number;
    std::memcpy(&number, CMSG_DATA(part), sizeof number);
    fd->Reset(number);
  }
  return true;
}

}  // namespace vfsd::launcher
