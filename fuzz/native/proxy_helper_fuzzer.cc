// SPDX-License-Identifier: Apache-2.0

// virtfs-proxy-helper's own loop: the input is what a client sends. The export is real, and made
// anew for each input; beside it lies what no client may reach.

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "base/unique_fd.h"
#include "input.h"
#include "proxy-helper/server.h"

namespace vfsd::fuzz {
namespace {

/** Removed when the program ends in good order; after a finding it may be of use. */
class Place {
 public:
  Place() {
    Require(mkdtemp(scratch_.data()) != nullptr, "there is room for an export");
    const UniqueFd canary(open(Canary().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
    Require(write(canary.get(), "canary", 6) == 6, "the canary is written");
    Require(stat(Canary().c_str(), &before_) == 0, "the canary is there");
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(scratch_, ignored);
  }

  /** The export, with something of each kind. */
  std::string Furnish() const {
    const std::string path = scratch_ + "/export";
    std::filesystem::remove_all(path);
    Require(mkdir(path.c_str(), 0755) == 0 && mkdir((path + "/d").c_str(), 0755) == 0,
            "the export is made");
    const UniqueFd file(open((path + "/f").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    Require(file.get() >= 0 && mkfifo((path + "/p").c_str(), 0644) == 0 &&
                symlink("f", (path + "/l").c_str()) == 0 &&
                symlink(scratch_.c_str(), (path + "/o").c_str()) == 0,
            "the export is furnished");
    return path;
  }

  void ExpectUnchanged() const {
    struct stat now;
    Require(stat(Canary().c_str(), &now) == 0 && now.st_ino == before_.st_ino &&
                now.st_size == before_.st_size && now.st_mode == before_.st_mode &&
                now.st_uid == before_.st_uid && now.st_gid == before_.st_gid &&
                now.st_nlink == before_.st_nlink && now.st_ctim.tv_nsec == before_.st_ctim.tv_nsec,
            "what lies beside the export is as it was");
  }

 private:
  std::string Canary() const { return scratch_ + "/canary"; }

  std::string scratch_ = "/tmp/vfsd-fuzz-proxy.XXXXXX";
  struct stat before_ = {};
};

size_t OpenDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(opendir("/proc/self/fd"), closedir);
  size_t count = 0;
  while (readdir(all.get()) != nullptr) {
    ++count;
  }
  return count;
}

/** Takes all answers; what comes with them must be a regular file or a directory. */
void TakeAnswers(int client) {
  for (;;) {
    char bytes[4096];
    iovec data = {bytes, sizeof bytes};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(client, &message, MSG_CMSG_CLOEXEC) <= 0) {
      return;
    }
    const cmsghdr* part = CMSG_FIRSTHDR(&message);
    if (part == nullptr) {
      continue;
    }
    int number;
    std::memcpy(&number, CMSG_DATA(part), sizeof number);
    const UniqueFd received(number);
    struct stat found;
    Require(fstat(received.get(), &found) == 0, "an answer's descriptor is one");
    Require(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode), "nothing special is opened");
    Require((fcntl(received.get(), F_GETFL) & O_PATH) == 0, "it is open as a file");
  }
}

void Serve(const std::string& path, UniqueFd socket) {
  // Its own, as libFuzzer has relative paths.
  Require(unshare(CLONE_FS) == 0, "the thread has a working directory of its own");
  sys::ProcSelfFd proc(UniqueFd(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)));
  Require(proc.Enter().ok(), "the working directory is /proc/self/fd");
  umask(0);
  const auto connection = std::make_unique<proxy_helper::Connection>(std::move(socket));
  proxy_helper::Operations operations(
      proxy_helper::Tree(UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
                         std::move(proc)),
      identity::ProcessIdentity::OfCallingThread());
  proxy_helper::Serve(*connection, operations);
}

}  // namespace
}  // namespace vfsd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using vfsd::UniqueFd;
  using vfsd::fuzz::Require;
  static const vfsd::fuzz::Place place;
  const std::string path = place.Furnish();
  const size_t before = vfsd::fuzz::OpenDescriptors();
  int ends[2];
  Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there are sockets");
  {
    const UniqueFd client(ends[0]);
    std::thread server([&] { vfsd::fuzz::Serve(path, UniqueFd(ends[1])); });
    std::thread sender([&] {
      // The server may hang up in the middle.
      static_cast<void>(send(client.get(), data, size, MSG_NOSIGNAL));
      shutdown(client.get(), SHUT_WR);
    });
    vfsd::fuzz::TakeAnswers(client.get());
    sender.join();
    server.join();
  }
  Require(vfsd::fuzz::OpenDescriptors() == before, "no descriptor is left");
  place.ExpectUnchanged();
  return 0;
}
