// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace vfsd::launcher {

enum class Sandbox { kNamespace, kChroot, kNone };

/** `count` ids from `inside` on in the user namespace are those from `host` on outside of it. */
struct IdRange {
  uint32_t inside;
  uint32_t host;
  uint32_t count;
};

/** What the command tells the launcher. The strings are argv's. */
struct Options {
  Sandbox sandbox = Sandbox::kNamespace;
  const char* shared_dir = nullptr;
  /** Removed at the end; null when the listening socket came from outside. */
  const char* socket_path = nullptr;
  int listen_fd = -1;
  /** The socket that tells how the daemon is; null and -1: there is none. */
  const char* control_socket_path = nullptr;
  int control_listen_fd = -1;
  /** What the worker is to know beside its arguments; -1: nothing. */
  int config_fd = -1;
  /** Connected to the service manager's socket; -1: nobody is to be told. */
  int notify_fd = -1;
  /** Connected to where the worker's log goes; -1: it goes to standard error. */
  int log_fd = -1;
  /** Whose launcher it is, for messages; null: vfsd's. */
  const char* program = nullptr;
  /** Go on in the background, and say no more on standard error, once the worker is ready. */
  bool daemon = false;
  // Compiled seccomp programs; -1 with --seccomp=none.
  int start_filter_fd = -1;
  int launcher_filter_fd = -1;
  int process_filter_fd = -1;
  int main_thread_filter_fd = -1;
  int data_threads_filter_fd = -1;
  /** -1 also where there are no such threads. */
  int lock_threads_filter_fd = -1;
  /** Make a user namespace. */
  bool user_namespace = false;
  // The ids that exist in it; empty: the caller's own, as 0.
  std::vector<IdRange> uid_map;
  std::vector<IdRange> gid_map;
  /** Do not start where the shared directory has no file handle. */
  bool require_file_handles = false;
  /** Mount the tree read-only. */
  bool read_only = false;
  /** What the worker keeps, a bit for each capability. */
  uint64_t capabilities = 0;
  /** 0: leave it as it is. */
  uint64_t rlimit_nofile = 0;
  /** The worker's program and arguments, ended by a null. */
  char** worker = nullptr;

  /** The worker may have to become another user of the host than the caller. */
  bool MapsIds() const { return !uid_map.empty() || !gid_map.empty(); }
};

/** Nothing when the command line is not one that `vfsd` makes; a message has been printed. */
std::optional<Options> ParseOptions(int argc, char** argv);

}  // namespace vfsd::launcher
