// SPDX-License-Identifier: Apache-2.0

// make-seeds TARGET DIRECTORY: writes what a fuzzer begins with, put together from the structures
// themselves, so that a change of them needs no change of files.

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "abi/fuse.h"
#include "abi/posix_acl.h"

namespace vfsd::fuzz {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names
using namespace std::string_literals;  // NOLINT(google-build-using-namespace)

template <typename... T>
std::string Bytes(const T&... values) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return bytes;
}

bool Write(const std::string& directory, const std::string& name, const std::string& content) {
  std::FILE* file = std::fopen((directory + "/" + name).c_str(), "we");
  if (file == nullptr) {
    return false;
  }
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  return std::fclose(file) == 0 && written;
}

/** A request as fuse_server_fuzzer takes it: cuts, the reply's room, the length, the bytes. */
std::string Exchange(uint32_t opcode, const std::string& body, uint16_t room = 4096) {
  const fuse_in_header header = {.len = static_cast<uint32_t>(sizeof header + body.size()),
                                 .opcode = opcode,
                                 .unique = 2,
                                 .nodeid = FUSE_ROOT_ID};
  const std::string request = Bytes(header) + body;
  const auto cuts = "\x02\x28\x08"s + "\x01\x10"s;
  return cuts + Bytes(room, static_cast<uint16_t>(request.size())) + request;
}

struct NamedRequest {
  const char* name;
  std::string exchange;
};

std::vector<NamedRequest> Requests() {
  const std::string name = "name\0"s;
  const std::string contexts = Bytes(fuse_ext_header{40, 1}, fuse_secctx{5, 0}) + "security.x\0"s +
                               "label"s + std::string(8, '\0');
  const std::string group = Bytes(fuse_ext_header{16, FUSE_EXT_GROUPS}, uint32_t{1}, uint32_t{5});
  const fuse_read_in read = {.fh = 1, .offset = 0, .size = 8192};
  const std::string list =
      Bytes(posix_acl_xattr_header{POSIX_ACL_XATTR_VERSION},
            posix_acl_xattr_entry{ACL_USER_OBJ, 6, ACL_UNDEFINED_ID},
            posix_acl_xattr_entry{ACL_USER, 4, 1000}, posix_acl_xattr_entry{ACL_USER, 6, 1001},
            posix_acl_xattr_entry{ACL_OTHER, 0, ACL_UNDEFINED_ID});
  const auto list_size = static_cast<uint32_t>(list.size());
  return {
      {"lookup", Exchange(FUSE_LOOKUP, name)},
      {"forget", Exchange(FUSE_FORGET, Bytes(fuse_forget_in{1}), 0)},
      {"batch-forget",
       Exchange(FUSE_BATCH_FORGET,
                Bytes(fuse_batch_forget_in{2}, fuse_forget_one{2, 1}, fuse_forget_one{3, 1}), 0)},
      {"getattr", Exchange(FUSE_GETATTR, Bytes(fuse_getattr_in{}))},
      {"setattr", Exchange(FUSE_SETATTR,
                           Bytes(fuse_setattr_in{.valid = FATTR_MODE | FATTR_UID, .uid = 1000}))},
      {"statx", Exchange(FUSE_STATX, Bytes(fuse_statx_in{.sx_mask = 0x7ff}))},
      {"readlink", Exchange(FUSE_READLINK, ""s)},
      {"symlink", Exchange(FUSE_SYMLINK, name + "target\0"s + contexts)},
      {"mknod", Exchange(FUSE_MKNOD,
                         Bytes(fuse_mknod_in{.mode = S_IFREG | 0644}) + name + contexts + group)},
      {"mkdir", Exchange(FUSE_MKDIR, Bytes(fuse_mkdir_in{0755, 022}) + name + group)},
      {"unlink", Exchange(FUSE_UNLINK, name)},
      {"rename", Exchange(FUSE_RENAME, Bytes(fuse_rename_in{1}) + name + "new\0"s)},
      {"rename2", Exchange(FUSE_RENAME2, Bytes(fuse_rename2_in{1, 1}) + name + "new\0"s)},
      {"link", Exchange(FUSE_LINK, Bytes(fuse_link_in{2}) + name)},
      {"open", Exchange(FUSE_OPEN, Bytes(fuse_open_in{O_RDWR}))},
      {"create",
       Exchange(FUSE_CREATE, Bytes(fuse_create_in{O_RDWR | O_CREAT, 0644, 022}) + name + contexts)},
      {"tmpfile", Exchange(FUSE_TMPFILE, Bytes(fuse_create_in{O_RDWR, 0644}) + "/\0"s)},
      {"read", Exchange(FUSE_READ, Bytes(read), 9000)},
      {"write", Exchange(FUSE_WRITE, Bytes(fuse_write_in{.fh = 1, .size = 5}) + "12345"s)},
      {"statfs", Exchange(FUSE_STATFS, ""s)},
      {"ioctl", Exchange(FUSE_IOCTL, Bytes(fuse_ioctl_in{
                                         .fh = 1, .cmd = 0x40086602, .in_size = 8, .out_size = 8}) +
                                         "12345678"s)},
      {"setlkw",
       Exchange(FUSE_SETLKW, Bytes(fuse_lk_in{.fh = 1, .owner = 5, .lk = {0, 9, F_WRLCK, 1}}))},
      {"getlk",
       Exchange(FUSE_GETLK, Bytes(fuse_lk_in{.fh = 1, .owner = 5, .lk = {0, 9, F_WRLCK, 1}}))},
      {"readdir", Exchange(FUSE_READDIR, Bytes(read), 8300)},
      {"readdirplus", Exchange(FUSE_READDIRPLUS, Bytes(read), 8300)},
      {"setxattr", Exchange(FUSE_SETXATTR, Bytes(fuse_setxattr_in{.size = 5}) + "user.a\0value"s)},
      {"set-list", Exchange(FUSE_SETXATTR, Bytes(fuse_setxattr_in{.size = list_size}) +
                                               "system.posix_acl_access\0"s + list)},
      {"get-list",
       Exchange(FUSE_GETXATTR, Bytes(fuse_getxattr_in{200}) + "system.posix_acl_access\0"s)},
      {"getxattr", Exchange(FUSE_GETXATTR, Bytes(fuse_getxattr_in{200}) + "user.a\0"s)},
      {"listxattr", Exchange(FUSE_LISTXATTR, Bytes(fuse_getxattr_in{200}))},
      {"destroy", Exchange(FUSE_DESTROY, ""s)},
  };
}

bool WriteRequests(const std::string& directory) {
  const fuse_init_in init = {.major = 7, .minor = 38, .flags = UINT32_MAX, .flags2 = UINT32_MAX};
  const std::string begin = Exchange(FUSE_INIT, Bytes(init));
  bool written = true;
  for (const uint8_t choices : {0x00, 0x1f, 0x3f, 0x5f, 0x9f, 0xdf}) {
    std::string all;
    for (const NamedRequest& request : Requests()) {
      const std::string file = std::string(request.name) + "-" + std::to_string(choices);
      written = written && Write(directory, file, Bytes(choices) + begin + request.exchange);
    }
  }
  return written;
}

bool WriteRules(const std::string& directory) {
  const uint16_t two = 2;
  const std::string list =
      Bytes(posix_acl_xattr_header{POSIX_ACL_XATTR_VERSION}, posix_acl_xattr_entry{ACL_USER, 4, 50},
            posix_acl_xattr_entry{ACL_USER, 6, 10}, posix_acl_xattr_entry{ACL_GROUP, 6, 10});
  const std::string extension = Bytes(fuse_ext_header{40, 1}, fuse_secctx{5, 0}) + "security.x\0"s +
                                "label"s + std::string(8, '\0');
  const auto text = [](const std::string& value) {
    return Bytes(static_cast<uint16_t>(value.size())) + value;
  };
  const std::string rule = Bytes(uint16_t{0}, uint16_t{3}) + text("user.") + text("mapped.");
  const std::string range = Bytes(uint32_t{999}, uint32_t{100'000}, uint16_t{0}, uint32_t{5});
  const std::string table = Bytes(uint16_t{0}, two) + range + range;
  return Write(directory, "names", "\0"s + Bytes(two) + rule + rule + text("user.a")) &&
         Write(directory, "ids", "\1"s + table + Bytes(uint32_t{5}, uint32_t{1000}, UINT32_MAX)) &&
         Write(directory, "list", "\2"s + table + table + Bytes(uint16_t{0}) + text(list)) &&
         Write(directory, "extensions", "\3"s + extension);
}

bool WriteRings(const std::string& directory) {
  bool written = true;
  // Nothing of a ring's input has a form of its own: numbers of any kind, as many as it can use.
  for (uint32_t seed = 1; seed <= 16; ++seed) {
    std::string bytes;
    uint32_t state = seed * 0x9e3779b9u;
    for (int i = 0; i < 400; ++i) {
      state = state * 1664525u + 1013904223u;
      bytes += Bytes(static_cast<uint16_t>(state >> 16));
    }
    written = written && Write(directory, "numbers-" + std::to_string(seed), bytes);
  }
  return written;
}

/** A request of QEMU's proxy file system. */
std::string ProxyRequest(uint32_t type, const std::string& body) {
  return Bytes(type, static_cast<uint32_t>(body.size())) + body;
}

bool WriteProxyRequests(const std::string& directory) {
  const auto text = [](const std::string& value) {
    return Bytes(static_cast<uint16_t>(value.size())) + value;
  };
  const auto numbers = [](std::initializer_list<uint32_t> all) {
    std::string bytes;
    for (const uint32_t number : all) {
      bytes += Bytes(number);
    }
    return bytes;
  };
  const std::string owner = numbers({0, 0});
  const std::vector<std::string> requests = {
      ProxyRequest(2, text("/f\0"s) + numbers({O_RDWR})),
      ProxyRequest(2, text("/p") + numbers({O_WRONLY | O_NONBLOCK})),
      ProxyRequest(3, text("/n") + numbers({O_RDWR | O_CREAT, 0644, 5, 6})),
      ProxyRequest(4, owner + text("/c") + numbers({S_IFCHR | 0666}) + Bytes(uint64_t{0x103})),
      ProxyRequest(5, owner + text("//m") + numbers({0755})),
      ProxyRequest(6, owner + text("../..") + text("/s")),
      ProxyRequest(7, text("/f") + text("/h")),
      ProxyRequest(8, text("/o/canary")),
      ProxyRequest(9, text("/l") + numbers({4096})),
      ProxyRequest(10, text("/")),
      ProxyRequest(11, text("/f") + numbers({04755})),
      ProxyRequest(12, text("/l") + numbers({1, UINT32_MAX})),
      ProxyRequest(13, text("/f") + Bytes(uint64_t{100})),
      ProxyRequest(14, text("/f") + Bytes(uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{4})),
      ProxyRequest(15, text("/f") + text("/d/../g")),
      ProxyRequest(19, text("/g") + text("user.a") + text("value") + numbers({5, 0})),
      ProxyRequest(17, numbers({100}) + text("/g") + text("user.a")),
      ProxyRequest(18, numbers({0}) + text("/g")),
      ProxyRequest(20, text("/g") + text("user.a")),
      ProxyRequest(21, text("/d")),
      ProxyRequest(16, text("/d")),
  };
  bool written = true;
  std::string all;
  for (size_t i = 0; i < requests.size(); ++i) {
    all += requests[i];
    written = written && Write(directory, "request-" + std::to_string(i), requests[i]);
  }
  return written && Write(directory, "all", all);
}

bool WriteLauncherOptions(const std::string& directory) {
  return Write(directory, "usual",
               "--sandbox=namespace\n--shared-dir=/srv\n--socket-path=/run/s\n--listen-fd=3\n"
               "--config-fd=4\n--program=p\n--daemon\n--start-filter-fd=5\n--launcher-filter-fd="
               "6\n--process-filter-fd=7\n"
               "--main-thread-filter-fd=8\n--user-namespace\n--uid-map=0:1000:1\n"
               "--gid-map=0:1000:1\n--require-file-handles\n--readonly\n--capabilities=0x1ff\n"
               "--rlimit-nofile=1000\n--\n/usr/bin/node\nbundle\n--worker");
}

}  // namespace
}  // namespace vfsd::fuzz

int main(int argc, char** argv) {
  using namespace vfsd::fuzz;  // NOLINT(google-build-using-namespace): a program of one file
  if (argc != 3) {
    std::fprintf(stderr, "usage: make-seeds TARGET DIRECTORY\n");
    return 2;
  }
  const std::string_view target = argv[1];
  const std::string directory = argv[2];
  if (target == "fuse-server") {
    return WriteRequests(directory) ? 0 : 1;
  }
  if (target == "rules") {
    return WriteRules(directory) ? 0 : 1;
  }
  if (target == "proxy-helper") {
    return WriteProxyRequests(directory) ? 0 : 1;
  }
  if (target == "launcher-options") {
    return WriteLauncherOptions(directory) ? 0 : 1;
  }
  return target == "ring" && WriteRings(directory) ? 0 : 1;
}
