// SPDX-License-Identifier: Apache-2.0
#include "frontend/sockets.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "frontend/clock.h"

namespace vfsd::frontend {
namespace {

Napi::Value Answer(const Napi::Env& env, long result) {
  return Napi::Number::New(env, static_cast<double>(result < 0 ? -errno : result));
}

int Fd(const Napi::Value& value) {
  return value.As<Napi::Number>().Int32Value();
}

int OpenUnix(const Napi::CallbackInfo& info, sockaddr_un& address) {
  const std::string path = info[0].As<Napi::String>();
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

template <typename Attach>
Napi::Value OpenAndAttach(const Napi::CallbackInfo& info, Attach attach) {
  sockaddr_un address;
  const int fd = OpenUnix(info, address);
  if (fd >= 0 && attach(fd, reinterpret_cast<const sockaddr*>(&address)) < 0) {
    const int failure = errno;
    close(fd);
    return Napi::Number::New(info.Env(), -failure);
  }
  return Answer(info.Env(), fd);
}

/** connect(path): a descriptor, or a negative errno. */
Napi::Value Connect(const Napi::CallbackInfo& info) {
  return OpenAndAttach(info, [](int fd, const sockaddr* address) {
    return connect(fd, address, sizeof(sockaddr_un));
  });
}

/** listen(path): a listening socket as libvirt passes it, or a negative errno. */
Napi::Value Listen(const Napi::CallbackInfo& info) {
  return OpenAndAttach(info, [](int fd, const sockaddr* address) {
    return bind(fd, address, sizeof(sockaddr_un)) < 0 ? -1 : listen(fd, 8);
  });
}

/** send(fd, bytes, fds): how many bytes were taken, or a negative errno. */
Napi::Value Send(const Napi::CallbackInfo& info) {
  auto bytes = info[1].As<Napi::Uint8Array>();
  const auto list = info[2].As<Napi::Array>();
  std::vector<int> fds;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    fds.push_back(Fd(list[i]));
  }
  iovec data = {bytes.Data(), bytes.ByteLength()};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  return Answer(info.Env(), sendmsg(Fd(info[0]), &message, MSG_NOSIGNAL));
}

/** A signal of this process's is no answer: poll(2) is interrupted by one, whatever its handler
 * wants. */
bool Readable(int fd, int timeout_ms) {
  const uint64_t end = Nanoseconds() + static_cast<uint64_t>(timeout_ms) * 1'000'000;
  pollfd wanted = {fd, POLLIN, 0};
  int ready;
  do {
    const uint64_t now = Nanoseconds();
    ready = poll(&wanted, 1, now < end ? static_cast<int>((end - now) / 1'000'000) + 1 : 0);
  } while (ready < 0 && errno == EINTR);
  return ready == 1;
}

/**
 * receive(fd, size, timeoutMs): what came, nothing at the end of the stream, a negative errno.
 * Descriptors that come along are closed: no back-end of this kind sends any.
 */
Napi::Value Receive(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!Readable(Fd(info[0]), info[2].As<Napi::Number>().Int32Value())) {
    return Napi::Number::New(env, -ETIMEDOUT);
  }
  std::vector<uint8_t> bytes(info[1].As<Napi::Number>().Uint32Value());
  const ssize_t size = recv(Fd(info[0]), bytes.data(), bytes.size(), 0);
  if (size < 0) {
    return Answer(env, size);
  }
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), static_cast<size_t>(size));
}

Napi::Value CloseFd(const Napi::CallbackInfo& info) {
  return Answer(info.Env(), close(Fd(info[0])));
}

/** memfd(size): for tables that promise more memory than there is. */
Napi::Value Memfd(const Napi::CallbackInfo& info) {
  const int fd = memfd_create("vfsd-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && ftruncate(fd, static_cast<off_t>(info[0].As<Napi::Number>().Int64Value())) < 0) {
    return Answer(info.Env(), -1);
  }
  return Answer(info.Env(), fd);
}

/** setAffinity(tid, cpus): 0 or a negative errno. */
Napi::Value SetAffinity(const Napi::CallbackInfo& info) {
  cpu_set_t set;
  CPU_ZERO(&set);
  const auto cpus = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < cpus.Length(); ++i) {
    CPU_SET(static_cast<size_t>(Fd(cpus[i])), &set);
  }
  return Answer(info.Env(), sched_setaffinity(Fd(info[0]), sizeof set, &set));
}

}  // namespace

void ExportSockets(Napi::Env env, Napi::Object exports) {
  exports.Set("connect", Napi::Function::New(env, Connect));
  exports.Set("listen", Napi::Function::New(env, Listen));
  exports.Set("send", Napi::Function::New(env, Send));
  exports.Set("receive", Napi::Function::New(env, Receive));
  exports.Set("closeFd", Napi::Function::New(env, CloseFd));
  exports.Set("memfd", Napi::Function::New(env, Memfd));
  exports.Set("setAffinity", Napi::Function::New(env, SetAffinity));
}

}  // namespace vfsd::frontend
