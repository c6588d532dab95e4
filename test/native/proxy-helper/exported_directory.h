// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "proxy-helper/server.h"

namespace vfsd::testing {

/** The fields of a request, as QEMU writes them. */
class Body {
 public:
  Body& U32(uint32_t number) { return Number(number); }
  Body& U64(uint64_t number) { return Number(number); }
  Body& Text(std::string_view text) {
    Number(static_cast<uint16_t>(text.size()));
    bytes_ += text;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <typename T>
  Body& Number(T number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
    return *this;
  }
  std::string bytes_;
};

/** An answer with a header. */
struct Reply {
  uint32_t type = UINT32_MAX;
  std::string body;

  int32_t Status() const {
    int32_t status = 1;
    EXPECT_EQ(body.size(), sizeof status);
    std::memcpy(&status, body.data(), sizeof status);
    return status;
  }
  uint64_t U64(size_t at) const {
    uint64_t number = 0;
    EXPECT_LE(at + sizeof number, body.size());
    std::memcpy(&number, body.data() + at, sizeof number);
    return number;
  }
  uint32_t U32(size_t at) const {
    uint32_t number = 0;
    EXPECT_LE(at + sizeof number, body.size());
    std::memcpy(&number, body.data() + at, sizeof number);
    return number;
  }
  /** The only field. */
  std::string Text() const {
    uint16_t length = 0;
    EXPECT_GE(body.size(), sizeof length);
    std::memcpy(&length, body.data(), sizeof length);
    EXPECT_EQ(body.size(), sizeof length + length);
    return body.substr(sizeof length);
  }
};

/** An answer without one. */
struct FdReply {
  int32_t status = 0;
  UniqueFd fd;
};

/** A directory that the server's own loop serves on one end of a socket pair; the test is QEMU at
 * the other one. */
class ExportedDirectory : public ::testing::Test {
 protected:
  using Type = proxy_helper::RequestType;

  ExportedDirectory() {
    // What a test before this one has decided for the thread.
    EXPECT_TRUE(identity::KeepSetIdBits(identity::ProcessIdentity::OfCallingThread(), true).ok());
    EXPECT_NE(mkdtemp(scratch_.data()), nullptr);
    EXPECT_EQ(chmod(scratch_.c_str(), 0755), 0);
    directory_ = scratch_ + "/export";
    EXPECT_EQ(mkdir(directory_.c_str(), 0755), 0);
    umask(0);
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client_.Reset(ends[0]);
    Start(UniqueFd(ends[1]));
  }
  ~ExportedDirectory() override {
    End();
    EXPECT_EQ(std::system(("rm -rf " + scratch_).c_str()), 0);
  }

  /** Closes the client's end; what the server says to that is in `ending_`. */
  void End() {
    client_.Reset();
    if (server_.joinable()) {
      server_.join();
    }
  }

  /** The server has ended by itself. */
  void AwaitEnd() { server_.join(); }

  void SendBytes(std::string_view bytes) const {
    ASSERT_EQ(send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static std::string Message(uint32_t type, std::string_view body) {
    const auto size = static_cast<uint32_t>(body.size());
    return Body().U32(type).U32(size).bytes() + std::string(body);
  }
  void SendRequest(Type type, const Body& body) const {
    SendBytes(Message(static_cast<uint32_t>(type), body.bytes()));
  }

  std::string ReceiveBytes(size_t size) const {
    std::string bytes(size, '\0');
    size_t done = 0;
    while (done < size) {
      const ssize_t count = recv(client_.get(), bytes.data() + done, size - done, 0);
      EXPECT_GT(count, 0) << "the server has gone";
      if (count <= 0) {
        break;
      }
      done += static_cast<size_t>(count);
    }
    return bytes;
  }
  Reply ReceiveReply() const {
    const std::string header = ReceiveBytes(8);
    Reply reply;
    uint32_t size = 0;
    std::memcpy(&reply.type, header.data(), sizeof reply.type);
    std::memcpy(&size, header.data() + 4, sizeof size);
    EXPECT_LE(size, 65536u);
    reply.body = ReceiveBytes(size);
    return reply;
  }
  FdReply ReceiveFd() const {
    FdReply reply;
    iovec data = {&reply.status, sizeof reply.status};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    EXPECT_EQ(recvmsg(client_.get(), &message, MSG_CMSG_CLOEXEC), 4);
    const cmsghdr* part = CMSG_FIRSTHDR(&message);
    if (part != nullptr) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part), sizeof fd);
      reply.fd.Reset(fd);
    }
    return reply;
  }

  Reply Ask(Type type, const Body& body) const {
    SendRequest(type, body);
    return ReceiveReply();
  }
  /** Of a request that answers a status, or that has failed. */
  int32_t StatusOf(Type type, const Body& body) const {
    const Reply reply = Ask(type, body);
    const int32_t status = reply.Status();
    EXPECT_EQ(reply.type, status == 0 ? 0u : 1u);
    return status;
  }
  FdReply AskForFd(Type type, const Body& body) const {
    SendRequest(type, body);
    return ReceiveFd();
  }
  FdReply Open(std::string_view path, int flags) const {
    return AskForFd(Type::kOpen, Body().Text(path).U32(static_cast<uint32_t>(flags)));
  }
  FdReply Create(std::string_view path, int flags, uint32_t mode, uint32_t uid = 0,
                 uint32_t gid = 0) const {
    return AskForFd(
        Type::kCreate,
        Body().Text(path).U32(static_cast<uint32_t>(flags)).U32(mode).U32(uid).U32(gid));
  }

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  void MakeFile(const std::string& name, const std::string& content = "text") const {
    const UniqueFd file(open(PathOf(name).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    EXPECT_EQ(write(file.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
  }
  struct stat StatOf(const std::string& name) const {
    struct stat found = {};
    EXPECT_EQ(lstat(PathOf(name).c_str(), &found), 0) << name;
    return found;
  }
  bool Exists(const std::string& name) const {
    struct stat found;
    return lstat(PathOf(name).c_str(), &found) == 0;
  }

  std::string scratch_ = "/tmp/vfsd-exported.XXXXXX";
  std::string directory_;
  UniqueFd client_;
  std::string ending_ = "it has not ended";

 private:
  void Start(UniqueFd socket) {
    sys::ProcSelfFd proc(UniqueFd(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)));
    EXPECT_TRUE(proc.Enter().ok());
    UniqueFd root(open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    server_ = std::thread([this, socket = std::move(socket), root = std::move(root),
                           proc = std::move(proc)]() mutable {
      const auto connection = std::make_unique<proxy_helper::Connection>(std::move(socket));
      proxy_helper::Operations operations(proxy_helper::Tree(std::move(root), std::move(proc)),
                                          identity::ProcessIdentity::OfCallingThread());
      ending_ = proxy_helper::Serve(*connection, operations);
    });
  }

  std::thread server_;
};

}  // namespace vfsd::testing
