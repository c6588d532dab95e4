// SPDX-License-Identifier: Apache-2.0

// What no QEMU sends.

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <filesystem>

#include "exported_directory.h"

namespace vfsd::testing {
namespace {

using namespace std::string_literals;

class ProxyHostileClient : public ExportedDirectory {
 protected:
  bool StillServes() const { return Ask(Type::kLstat, Body().Text("/")).type == 0; }

  static ptrdiff_t OpenDescriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  }

  /** Whether the server has closed its end without another word. */
  bool IsHungUp() const {
    char byte;
    return recv(client_.get(), &byte, 1, 0) <= 0;
  }
};

TEST_F(ProxyHostileClient, AClientThatGoesEndsItInGoodOrder) {
  EXPECT_TRUE(StillServes());
  End();
  EXPECT_EQ(ending_, "");
}

TEST_F(ProxyHostileClient, ARequestOfTheLargestSizeIsOneAndALargerOneEndsIt) {
  SendRequest(Type::kLstat, Body().Text(std::string(65534, '/')));
  EXPECT_EQ(ReceiveReply().Status(), -ENAMETOOLONG);
  SendBytes(Body().U32(8).U32(65537).bytes());
  EXPECT_TRUE(IsHungUp());
  AwaitEnd();
  EXPECT_EQ(ending_, "the client sent a request of more than 65536 bytes, which is none");
}

TEST_F(ProxyHostileClient, ASizeOfFourGigabytesEndsIt) {
  SendBytes(Body().U32(8).U32(UINT32_MAX).bytes());
  EXPECT_TRUE(IsHungUp());
  AwaitEnd();
  EXPECT_NE(ending_, "");
}

TEST_F(ProxyHostileClient, AnUnknownTypeIsAnErrorAndNoMore) {
  for (const uint32_t type : {0u, 1u, 22u, 0x7fffffffu, UINT32_MAX}) {
    SendBytes(Message(type, "something"));
    const Reply reply = ReceiveReply();
    EXPECT_EQ(reply.type, 1u);
    EXPECT_EQ(reply.Status(), -EOPNOTSUPP);
  }
  EXPECT_TRUE(StillServes());
}

TEST_F(ProxyHostileClient, AClientThatGoesInTheMiddleOfARequestIsToldOf) {
  SendBytes("\x08\0\0"s);
  End();
  EXPECT_EQ(ending_, "the client has gone in the middle of a request");
}

TEST_F(ProxyHostileClient, ABodyThatStopsIsToldOf) {
  SendBytes(Message(8, Body().Text("/").bytes()).substr(0, 10));
  End();
  EXPECT_EQ(ending_, "the client has gone in the middle of a request");
}

TEST_F(ProxyHostileClient, ARequestMayComeByteByByteAndSeveralAtOnce) {
  const std::string message = Message(8, Body().Text("/").bytes());
  for (const char byte : message) {
    SendBytes(std::string(1, byte));
  }
  EXPECT_EQ(ReceiveReply().type, 0u);
  std::string many;
  for (int i = 0; i < 20'000; ++i) {
    many += message;
  }
  std::thread sender([&] { SendBytes(many); });
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_EQ(ReceiveReply().body.size(), 116u);
  }
  sender.join();
}

TEST_F(ProxyHostileClient, ASignalInTheMiddleOfARequestChangesNothing) {
  struct sigaction nothing = {};
  nothing.sa_handler = [](int) {};
  struct sigaction before;
  ASSERT_EQ(sigaction(SIGUSR1, &nothing, &before), 0);
  const std::string message = Message(8, Body().Text("/").bytes());
  SendBytes(message.substr(0, 5));
  for (int i = 0; i < 20; ++i) {
    kill(getpid(), SIGUSR1);
    usleep(500);
  }
  SendBytes(message.substr(5));
  EXPECT_EQ(ReceiveReply().type, 0u);
  sigaction(SIGUSR1, &before, nullptr);
}

/** A type, and the fields that it has. */
struct Wanted {
  uint32_t type;
  std::string body;
};

std::vector<Wanted> EveryRequest() {
  const Body made = Body().U32(0).U32(0);
  return {{2, Body().Text("/f").U32(0).bytes()},
          {3, Body().Text("/f").U32(0).U32(0).U32(0).U32(0).bytes()},
          {4, Body(made).Text("/f").U32(S_IFREG).U64(0).bytes()},
          {5, Body(made).Text("/f").U32(0).bytes()},
          {6, Body(made).Text("t").Text("/f").bytes()},
          {7, Body().Text("/a").Text("/f").bytes()},
          {8, Body().Text("/").bytes()},
          {9, Body().Text("/f").U32(9).bytes()},
          {10, Body().Text("/").bytes()},
          {11, Body().Text("/").U32(0755).bytes()},
          {12, Body().Text("/").U32(UINT32_MAX).U32(UINT32_MAX).bytes()},
          {13, Body().Text("/f").U64(0).bytes()},
          {14, Body().Text("/").U64(0).U64(0).U64(0).U64(0).bytes()},
          {15, Body().Text("/a").Text("/f").bytes()},
          {16, Body().Text("/f").bytes()},
          {17, Body().U32(0).Text("/").Text("user.a").bytes()},
          {18, Body().U32(0).Text("/").bytes()},
          {19, Body().Text("/").Text("user.a").Text("v").U32(1).U32(0).bytes()},
          {20, Body().Text("/").Text("user.a").bytes()},
          {21, Body().Text("/").bytes()}};
}

TEST(ProxyFields, ABodyThatIsNotAsLongAsItsFieldsIsFoundOut) {
  std::string directory = "/tmp/vfsd-fields.XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const auto open_path = [](const char* path) {
    return UniqueFd(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  };
  proxy_helper::Operations operations(
      proxy_helper::Tree(open_path(directory.c_str()), sys::ProcSelfFd(open_path("/proc/self/fd"))),
      identity::ProcessIdentity::OfCallingThread());
  const auto answer = std::make_unique<proxy_helper::Answer>();
  const auto run = [&](uint32_t type, const std::string& body) {
    proxy_helper::Fields fields(std::as_bytes(std::span(body)));
    const auto* kind = proxy_helper::FindRequestKind(type);
    const Status status = (operations.*kind->run)(fields, *answer);
    EXPECT_EQ(fields.broken(), !status && status.error() == Errno(EBADMSG)) << kind->name;
    return !fields.broken();
  };
  const auto requests = EveryRequest();
  ASSERT_EQ(requests.size(), 20u);
  for (const auto& [type, body] : requests) {
    for (size_t size = 0; size < body.size(); ++size) {
      EXPECT_FALSE(run(type, body.substr(0, size))) << type << " cut to " << size;
    }
    EXPECT_FALSE(run(type, body + "x")) << type << " and more";
    EXPECT_TRUE(std::filesystem::is_empty(directory)) << type << " has done something";
  }
  for (const auto& [type, body] : requests) {
    EXPECT_TRUE(run(type, body)) << type;
  }
  std::filesystem::remove_all(directory);
}

TEST_F(ProxyHostileClient, ATextThatGoesBeyondItsRequestEndsIt) {
  SendBytes(Message(8, "\xff\xff/"s));
  EXPECT_TRUE(IsHungUp());
  AwaitEnd();
  EXPECT_EQ(ending_, "the client sent a request LSTAT whose fields are not as long as it is");
}

TEST_F(ProxyHostileClient, DescriptorsThatItSendsAreClosed) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const std::string message = Message(8, Body().Text("/").bytes());
  EXPECT_TRUE(StillServes());
  const ptrdiff_t before = OpenDescriptors();
  for (const size_t at : {size_t{0}, size_t{4}, message.size() - 1}) {
    SendBytes(message.substr(0, at));
    std::string rest = message.substr(at);
    iovec data = {rest.data(), rest.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr with_fd = {};
    with_fd.msg_iov = &data;
    with_fd.msg_iovlen = 1;
    with_fd.msg_control = control;
    with_fd.msg_controllen = sizeof control;
    cmsghdr* part = CMSG_FIRSTHDR(&with_fd);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = writer.get();
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
    ASSERT_GT(sendmsg(client_.get(), &with_fd, 0), 0);
    EXPECT_EQ(ReceiveReply().type, 0u);
  }
  EXPECT_EQ(OpenDescriptors(), before);
  writer.Reset();
  pollfd hung_up = {reader.get(), 0, 0};
  EXPECT_EQ(poll(&hung_up, 1, 0), 1) << "somebody still has the other end";
}

TEST_F(ProxyHostileClient, NoDescriptorIsLeftOfWhatWasOpened) {
  MakeFile("file");
  // What it has given away it closes behind the answer, and so before the next one.
  EXPECT_TRUE(StillServes());
  const ptrdiff_t before = OpenDescriptors();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(Open("/file", O_RDONLY).fd);
    EXPECT_TRUE(Create("/file", O_RDONLY, 0644).fd);
    EXPECT_FALSE(Open("/missing", O_RDONLY).fd);
  }
  EXPECT_TRUE(StillServes());
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(ProxyHostileClient, NoDescriptorIsLeftWhenAnAnswerFindsNobody) {
  MakeFile("file");
  EXPECT_TRUE(StillServes());
  const ptrdiff_t before = OpenDescriptors();
  // Read, but never answered: the client's end can be written to no more.
  ASSERT_EQ(shutdown(client_.get(), SHUT_RD), 0);
  SendRequest(Type::kOpen, Body().Text("/file").U32(O_RDONLY));
  AwaitEnd();
  EXPECT_EQ(ending_, "") << "it has gone, as far as can be seen";
  // The server's own: its socket, the root, and /proc/self/fd.
  EXPECT_EQ(OpenDescriptors(), before - 3);
}

TEST_F(ProxyHostileClient, AnswersThatAreNotReadKeepItFromNothingElse) {
  const std::string message = Message(8, Body().Text("/").bytes());
  std::string many;
  for (int i = 0; i < 4000; ++i) {
    many += message;
  }
  std::thread sender([&] {
    // The server stops reading where its answers are not read, and ends with the client.
    static_cast<void>(send(client_.get(), many.data(), many.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  });
  sender.join();
  usleep(20'000);
  End();
  EXPECT_TRUE(ending_.empty() || ending_ == "the client has gone in the middle of a request" ||
              ending_ == "answering a request: Connection reset by peer")
      << ending_;
}

TEST_F(ProxyHostileClient, AClientThatDoesNotHearIsNoSignal) {
  ASSERT_EQ(shutdown(client_.get(), SHUT_RD), 0);
  SendRequest(Type::kLstat, Body().Text("/"));
  AwaitEnd();
  EXPECT_EQ(ending_, "");
}

TEST(ProxyConnection, ADescriptorThatCannotBeSentIsAnErrno) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can be a user whose limit counts";
  }
  constexpr int kCount = 60;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd client(ends[0]);
  UniqueFd server(ends[1]);
  const pid_t pid = fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    // As many as a user may have open, that user may have on their way.
    const rlimit few = {kCount / 2, kCount / 2};
    bool sent = setrlimit(RLIMIT_NOFILE, &few) == 0 && setresuid(65534, 65534, 65534) == 0;
    proxy_helper::Connection connection{std::move(server)};
    for (int i = 0; i < kCount; ++i) {
      sent = connection.SendDescriptor(connection.socket()).ok() && sent;
    }
    _exit(sent ? 0 : 1);
  }
  server.Reset();
  int status = -1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  int32_t answer = 0;
  ASSERT_EQ(recv(client.get(), &answer, sizeof answer, 0), 4);
  EXPECT_EQ(answer, proxy_helper::kBringsDescriptor);
  int count = 1;
  while (recv(client.get(), &answer, sizeof answer, 0) == 4) {
    ++count;
  }
  EXPECT_EQ(count, kCount);
  EXPECT_EQ(answer, -ETOOMANYREFS);
}

TEST(ProxyConnection, ALongAnswerIsSentInParts) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd client(ends[0]);
  const int small = 4096;
  ASSERT_EQ(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  struct sigaction nothing = {};
  nothing.sa_handler = [](int) {};
  struct sigaction before;
  ASSERT_EQ(sigaction(SIGUSR1, &nothing, &before), 0);
  std::string received;
  std::thread reader([&, sender = pthread_self()] {
    // It waits for room, and is interrupted: a part has been sent.
    for (int i = 0; i < 20; ++i) {
      usleep(2000);
      pthread_kill(sender, SIGUSR1);
    }
    char part[1000];
    for (ssize_t count; (count = recv(client.get(), part, sizeof part, 0)) > 0;) {
      received.append(part, static_cast<size_t>(count));
    }
  });
  const std::string fields(proxy_helper::kMaxBody, 'x');
  {
    const auto connection = std::make_unique<proxy_helper::Connection>(UniqueFd(ends[1]));
    EXPECT_TRUE(
        connection->SendFields(proxy_helper::AnswerType::kSuccess, std::as_bytes(std::span(fields)))
            .ok());
  }
  reader.join();
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(received, Body().U32(0).U32(65536).bytes() + fields);
}

}  // namespace
}  // namespace vfsd::testing
