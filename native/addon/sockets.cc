// SPDX-License-Identifier: Apache-2.0
#include "addon/sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "addon/convert.h"
#include "addon/failure.h"
#include "addon/socket_cleanup.h"
#include "base/eventfd.h"
#include "base/retry.h"
#include "base/unique_fd.h"

namespace vfsd::addon {
namespace {

// The kernel's own limit for one message (SCM_MAX_FD).
constexpr size_t kMaxFdsPerMessage = 253;
constexpr int kNobodyKnowsYet = 0177;
constexpr uint32_t kUnchanged = UINT32_MAX;

/** fd | SystemFailure: connectDatagram(path) */
Napi::Value ConnectDatagram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string path = ToString(info[0]);
  sockaddr_un address = {};
  if (path.size() >= sizeof address.sun_path) {
    return Failure(env, Errno(ENAMETOOLONG), "connect");
  }
  // An abstract name begins with a zero, and its length counts.
  if (path.starts_with('@')) {
    path.front() = '\0';
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Result<UniqueFd> socket_fd =
      RetryFd([] { return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
  if (!socket_fd) {
    return Failure(env, socket_fd.error(), "socket");
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const Status connected = RetryStatus(
      [&] { return connect(socket_fd->get(), reinterpret_cast<const sockaddr*>(&address), size); });
  if (!connected) {
    return Failure(env, connected.error(), "connect");
  }
  return Napi::Number::New(env, socket_fd->Release());
}

/**
 * Gives a socket's file its owner and its mode; the failed call's name, or null. Whoever may write
 * to the directory could put something else in its place meanwhile: what is changed is what has
 * been looked at, and is no link.
 */
const char* HandOver(const char* path, uid_t user, gid_t group, mode_t mode) {
  const UniqueFd file(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0) {
    return "open";
  }
  if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid() || status.st_nlink != 1) {
    errno = ENOTSOCK;
    return "open";
  }
  if ((user != kUnchanged || group != kUnchanged) &&
      fchownat(file.get(), "", user, group, AT_EMPTY_PATH) != 0) {
    return "chown";
  }
  const std::string name = "/proc/self/fd/" + std::to_string(file.get());
  return chmod(name.c_str(), mode) == 0 ? nullptr : "chmod";
}

/** fd | SystemFailure: listenUnix(path, mode, group | null, user?) */
Napi::Value ListenUnix(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string path = ToString(info[0]);
  const auto mode = static_cast<mode_t>(ToUint32(info[1]));
  sockaddr_un address = {};
  if (path.size() >= sizeof address.sun_path) {
    return Failure(env, Errno(ENAMETOOLONG), "bind");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Result<UniqueFd> socket_fd =
      RetryFd([] { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
  if (!socket_fd) {
    return Failure(env, socket_fd.error(), "socket");
  }
  const int fd = socket_fd->get();
  RemoveSocketOnSignal(path.c_str());
  // Nobody else may connect before the owner and the mode are as they shall be.
  const mode_t before = umask(kNobodyKnowsYet);
  const Status bound = RetryStatus(
      [&] { return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address); });
  umask(before);
  if (!bound) {
    return Failure(env, bound.error(), "bind");
  }
  const auto fail = [&](const char* syscall) {
    const Napi::Value failure = Failure(env, Errno::Last(), syscall);
    unlink(path.c_str());
    return failure;
  };
  const uid_t user = info[3].IsNumber() ? ToUint32(info[3]) : kUnchanged;
  const gid_t group = info[2].IsNull() ? kUnchanged : ToUint32(info[2]);
  if (const char* const failed = HandOver(path.c_str(), user, group, mode)) {
    return fail(failed);
  }
  if (listen(fd, 1) != 0) {
    return fail("listen");
  }
  return Napi::Number::New(env, socket_fd->Release());
}

/** fd | SystemFailure: adoptListener(fd) */
Napi::Value AdoptListener(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int fd = ToFd(info[0]);
  const auto option = [fd](int name, int& value) {
    socklen_t length = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0;
  };
  int domain = 0;
  int type = 0;
  int listening = 0;
  if (!option(SO_DOMAIN, domain) || !option(SO_TYPE, type) || !option(SO_ACCEPTCONN, listening)) {
    return Failure(env, Errno::Last(), "getsockopt");
  }
  if (domain != AF_UNIX || type != SOCK_STREAM) {
    return Failure(env, Errno(EPROTOTYPE), "getsockopt", "not a Unix stream socket");
  }
  if (listening == 0) {
    return Failure(env, Errno(EINVAL), "getsockopt", "not a listening socket");
  }
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    return Failure(env, Errno::Last(), "fcntl");
  }
  return Napi::Number::New(env, fd);
}

/** fd | null | SystemFailure: accept(listener) */
Napi::Value Accept(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int listener = ToFd(info[0]);
  Result<UniqueFd> connection =
      RetryFd([&] { return accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); });
  if (connection) {
    return Napi::Number::New(env, connection->Release());
  }
  // A peer that has gone again before it was accepted is nobody.
  const bool nobody =
      connection.error() == Errno(EAGAIN) || connection.error() == Errno(ECONNABORTED);
  return nobody ? env.Null() : Failure(env, connection.error(), "accept4");
}

/** Takes over every descriptor of a received message. */
std::vector<UniqueFd> TakeFds(msghdr& message) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

/** ReceivedBytes | null | SystemFailure: receive(socket, length, maxFds) */
Napi::Value Receive(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int fd = ToFd(info[0]);
  const size_t length = ToUint32(info[1]);
  const size_t max_fds = ToUint32(info[2]);

  Napi::Uint8Array data = Napi::Uint8Array::New(env, length);
  iovec bytes = {data.Data(), length};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFdsPerMessage * sizeof(int))];
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto count = Retry([&] { return recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); });
  if (!count) {
    return count.error() == Errno(EAGAIN) ? env.Null() : Failure(env, count.error(), "recvmsg");
  }
  std::vector<UniqueFd> fds = TakeFds(message);
  if ((message.msg_flags & MSG_CTRUNC) != 0 || fds.size() > max_fds) {
    return Failure(env, Errno(EMSGSIZE), "recvmsg", "too many descriptors in one message");
  }
  Napi::Array numbers = Napi::Array::New(env, fds.size());
  for (uint32_t i = 0; i < fds.size(); ++i) {
    numbers[i] = Napi::Number::New(env, fds[i].Release());
  }
  Napi::Object received = Napi::Object::New(env);
  received.Set("data",
               Napi::Uint8Array::New(env, static_cast<size_t>(*count), data.ArrayBuffer(), 0));
  received.Set("fds", numbers);
  return received;
}

/** SystemFailure | undefined: send(socket, data, fds) */
Napi::Value Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int socket_fd = ToFd(info[0]);
  const auto data = info[1].As<Napi::Uint8Array>();
  const std::vector<int> fds = ToFds(info[2]);
  if (fds.size() > kMaxFdsPerMessage) {
    return Failure(env, Errno(EMSGSIZE), "sendmsg");
  }
  // sendmsg(2) only reads it.
  iovec bytes = {const_cast<uint8_t*>(data.Data()), data.ByteLength()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFdsPerMessage * sizeof(int))];
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    const size_t size = fds.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(part), fds.data(), size);
  }
  const auto sent =
      Retry([&] { return sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
  if (!sent) {
    return Failure(env, sent.error(), "sendmsg");
  }
  // The messages are much smaller than a socket's buffer: a part of one means that the peer does
  // not read.
  if (static_cast<size_t>(*sent) != data.ByteLength()) {
    return Failure(env, Errno(EAGAIN), "sendmsg");
  }
  return env.Undefined();
}

Napi::Value SignalEventfdNumber(const Napi::CallbackInfo& info) {
  const int fd = ToFd(info[0]);
  const Status prepared = MakeNonBlocking(fd);
  const Status signalled = prepared ? SignalEventfd(fd) : prepared;
  return signalled ? info.Env().Undefined() : Failure(info.Env(), signalled.error(), "write");
}

Napi::Value CloseFd(const Napi::CallbackInfo& info) {
  close(ToFd(info[0]));
  return info.Env().Undefined();
}

}  // namespace

void ExportSockets(Napi::Env env, Napi::Object exports) {
  exports.Set("connectDatagram", Napi::Function::New<ConnectDatagram>(env, "connectDatagram"));
  exports.Set("listenUnix", Napi::Function::New<ListenUnix>(env, "listenUnix"));
  exports.Set("adoptListener", Napi::Function::New<AdoptListener>(env, "adoptListener"));
  exports.Set("accept", Napi::Function::New<Accept>(env, "accept"));
  exports.Set("receive", Napi::Function::New<Receive>(env, "receive"));
  exports.Set("send", Napi::Function::New<Send>(env, "send"));
  exports.Set("signalEventfd", Napi::Function::New<SignalEventfdNumber>(env, "signalEventfd"));
  exports.Set("closeFd", Napi::Function::New<CloseFd>(env, "closeFd"));
}

}  // namespace vfsd::addon
