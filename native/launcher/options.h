// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace vfsd::launcher {

enum class Sandbox { kNamespace, kChroot, kNone };

/** What the command tells the launcher. The strings are argv's. */
struct Options {
  Sandbox sandbox = Sandbox::kNamespace;
  const char* shared_dir = nullptr;
  /** Removed at the end; null when the listening socket came from outside. */
  const char* socket_path = nullptr;
  int listen_fd = -1;
  int config_fd = -1;
  // Compiled seccomp programs; -1 with --seccomp=none.
  int start_filter_fd = -1;
  int launcher_filter_fd = -1;
  int process_filter_fd = -1;
  int main_thread_filter_fd = -1;
  /** Make a user namespace in which the calling user is uid and gid 0. */
  bool user_namespace = false;
  /** Mount the tree read-only. */
  bool read_only = false;
  /** What the worker keeps, a bit for each capability. */
  uint64_t capabilities = 0;
  /** 0: leave it as it is. */
  uint64_t rlimit_nofile = 0;
  /** The worker's program and arguments, ended by a null. */
  char** worker = nullptr;
};

/** Nothing when the command line is not one that `vfsd` makes; a message has been printed. */
std::optional<Options> ParseOptions(int argc, char** argv);

}  // namespace vfsd::launcher
