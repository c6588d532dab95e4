// SPDX-License-Identifier: Apache-2.0
#include "launcher/options.h"

#include <getopt.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "launcher/message.h"

namespace vfsd::launcher {
namespace {

enum Key : int {
  kSandbox = 256,
  kSharedDir,
  kSocketPath,
  kListen,
  kControlSocketPath,
  kControlListen,
  kConfig,
  kNotify,
  kLog,
  kProgram,
  kDaemon,
  kStartFilter,
  kLauncherFilter,
  kProcessFilter,
  kMainThreadFilter,
  kDataThreadsFilter,
  kLockThreadsFilter,
  kUserNamespace,
  kUidMap,
  kGidMap,
  kRequireFileHandles,
  kReadOnly,
  kCapabilities,
  kRlimitNofile,
};

constexpr option kOptions[] = {
    {"sandbox", required_argument, nullptr, kSandbox},
    {"shared-dir", required_argument, nullptr, kSharedDir},
    {"socket-path", required_argument, nullptr, kSocketPath},
    {"listen-fd", required_argument, nullptr, kListen},
    {"control-socket-path", required_argument, nullptr, kControlSocketPath},
    {"control-listen-fd", required_argument, nullptr, kControlListen},
    {"config-fd", required_argument, nullptr, kConfig},
    {"notify-fd", required_argument, nullptr, kNotify},
    {"log-fd", required_argument, nullptr, kLog},
    {"program", required_argument, nullptr, kProgram},
    {"daemon", no_argument, nullptr, kDaemon},
    {"start-filter-fd", required_argument, nullptr, kStartFilter},
    {"launcher-filter-fd", required_argument, nullptr, kLauncherFilter},
    {"process-filter-fd", required_argument, nullptr, kProcessFilter},
    {"main-thread-filter-fd", required_argument, nullptr, kMainThreadFilter},
    {"data-threads-filter-fd", required_argument, nullptr, kDataThreadsFilter},
    {"lock-threads-filter-fd", required_argument, nullptr, kLockThreadsFilter},
    {"user-namespace", no_argument, nullptr, kUserNamespace},
    {"uid-map", required_argument, nullptr, kUidMap},
    {"gid-map", required_argument, nullptr, kGidMap},
    {"require-file-handles", no_argument, nullptr, kRequireFileHandles},
    {"readonly", no_argument, nullptr, kReadOnly},
    {"capabilities", required_argument, nullptr, kCapabilities},
    {"rlimit-nofile", required_argument, nullptr, kRlimitNofile},
    {},
};

bool ToNumber(const char* text, uint64_t& number) {
  char* end = nullptr;
  errno = 0;
  number = std::strtoull(text, &end, 0);
  return errno == 0 && end != text && *end == '\0';
}

bool ToFd(const char* text, int& fd) {
  uint64_t number;
  if (!ToNumber(text, number) || number > INT32_MAX) {
    return false;
  }
  fd = static_cast<int>(number);
  return true;
}

/** INSIDE:HOST:COUNT */
bool AddRange(const char* text, std::vector<IdRange>& ranges) {
  uint32_t numbers[3];
  for (uint32_t& number : numbers) {
    char* end = nullptr;
    errno = 0;
    const unsigned long value = std::strtoul(text, &end, 10);
    const char expected = &number == &numbers[2] ? '\0' : ':';
    if (errno != 0 || end == text || *end != expected || value > UINT32_MAX) {
      return false;
    }
    number = static_cast<uint32_t>(value);
    text = end + 1;
  }
  ranges.push_back({.inside = numbers[0], .host = numbers[1], .count = numbers[2]});
  return true;
}

bool ToSandbox(const char* text, Sandbox& sandbox) {
  if (std::strcmp(text, "namespace") == 0) {
    sandbox = Sandbox::kNamespace;
  } else if (std::strcmp(text, "chroot") == 0) {
    sandbox = Sandbox::kChroot;
  } else if (std::strcmp(text, "none") == 0) {
    sandbox = Sandbox::kNone;
  } else {
    return false;
  }
  return true;
}

bool Apply(int key, Options& options) {
  switch (key) {
    case kSandbox:
      return ToSandbox(optarg, options.sandbox);
    case kSharedDir:
      options.shared_dir = optarg;
      return true;
    case kSocketPath:
      options.socket_path = optarg;
      return true;
    case kListen:
      return ToFd(optarg, options.listen_fd);
    case kControlSocketPath:
      options.control_socket_path = optarg;
      return true;
    case kControlListen:
      return ToFd(optarg, options.control_listen_fd);
    case kConfig:
      return ToFd(optarg, options.config_fd);
    case kNotify:
      return ToFd(optarg, options.notify_fd);
    case kLog:
      return ToFd(optarg, options.log_fd);
    case kProgram:
      options.program = optarg;
      return true;
    case kDaemon:
      options.daemon = true;
      return true;
    case kStartFilter:
      return ToFd(optarg, options.start_filter_fd);
    case kLauncherFilter:
      return ToFd(optarg, options.launcher_filter_fd);
    case kProcessFilter:
      return ToFd(optarg, options.process_filter_fd);
    case kMainThreadFilter:
      return ToFd(optarg, options.main_thread_filter_fd);
    case kDataThreadsFilter:
      return ToFd(optarg, options.data_threads_filter_fd);
    case kLockThreadsFilter:
      return ToFd(optarg, options.lock_threads_filter_fd);
    case kUserNamespace:
      options.user_namespace = true;
      return true;
    case kUidMap:
      return AddRange(optarg, options.uid_map);
    case kGidMap:
      return AddRange(optarg, options.gid_map);
    case kRequireFileHandles:
      options.require_file_handles = true;
      return true;
    case kReadOnly:
      options.read_only = true;
      return true;
    case kCapabilities:
      return ToNumber(optarg, options.capabilities);
    case kRlimitNofile:
      return ToNumber(optarg, options.rlimit_nofile);
    default:
      return false;
  }
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  opterr = 0;
  for (int key; (key = getopt_long(argc, argv, "+", kOptions, nullptr)) != -1;) {
    if (!Apply(key, options)) {
      Say(std::string("this program is started by vfsd and not by hand: bad argument ") +
          argv[optind - 1]);
      return std::nullopt;
    }
  }
  options.worker = argv + optind;
  if (options.shared_dir == nullptr || options.listen_fd < 0 || *options.worker == nullptr) {
    Say("this program is started by vfsd and not by hand");
    return std::nullopt;
  }
  return options;
}

}  // namespace vfsd::launcher
