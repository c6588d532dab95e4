// SPDX-License-Identifier: Apache-2.0
#include "launcher/id_maps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/retry.h"
#include "base/unique_fd.h"
#include "launcher/message.h"
#include "launcher/privileges.h"

namespace vfsd::launcher {
namespace {

/** Users or groups. */
struct IdKind {
  const char* map;
  /** With this capability, the kernel takes any map from us. */
  unsigned capability;
  const char* program;
  const char* grants;
};

constexpr IdKind kUsers = {"uid_map", CAP_SETUID, "newuidmap", "/etc/subuid"};
constexpr IdKind kGroups = {"gid_map", CAP_SETGID, "newgidmap", "/etc/subgid"};

/** Where newuidmap is looked for, and nowhere else: it is set-user-ID. src/cli/id-map-support.ts
 * has the same. */
constexpr const char* kProgramDirectories[] = {"/usr/bin/", "/bin/"};

constexpr int kNotExecuted = 127;

bool WriteProcFile(int pid, const std::string& name, const std::string& text) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  // In one piece: that is how the kernel wants these files written.
  const bool written =
      file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return written || Failed(path);
}

std::vector<std::string> Numbers(const IdRange& range) {
  return {std::to_string(range.inside), std::to_string(range.host), std::to_string(range.count)};
}

std::string MapText(const std::vector<IdRange>& ranges) {
  std::string text;
  for (const IdRange& range : ranges) {
    for (const std::string& number : Numbers(range)) {
      text += number + " ";
    }
    text.back() = '\n';
  }
  return text;
}

/** What the forked process does: it has nothing of the launcher's but its standard descriptors. */
[[noreturn]] void Execute(const IdKind& kind, std::vector<std::string>& words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  char* environment[] = {nullptr};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // What is ignored, unlike what is caught, would stay so over the exec.
  static_cast<void>(signal(SIGPIPE, SIG_DFL));
  if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) == 0) {
    for (const char* directory : kProgramDirectories) {
      execve((std::string(directory) + kind.program).c_str(), arguments.data(), environment);
    }
  }
  Failed(kind.program);
  _exit(kNotExecuted);
}

bool RunProgram(const IdKind& kind, int child_pid, const std::vector<IdRange>& ranges) {
  std::vector<std::string> words = {kind.program, std::to_string(child_pid)};
  for (const IdRange& range : ranges) {
    for (const std::string& number : Numbers(range)) {
      words.push_back(number);
    }
  }
  const pid_t pid = fork();
  if (pid == 0) {
    Execute(kind, words);
  }
  int status = 0;
  if (pid < 0 || !Retry([&] { return waitpid(pid, &status, 0); })) {
    return Failed(kind.program);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return true;
  }
  Say(std::string(kind.program) + " has not mapped the ids; does " + kind.grants +
      " grant them to this user, and may the program gain privileges here?");
  return false;
}

bool IsOwnAlone(const std::vector<IdRange>& ranges, uint32_t own_id) {
  return ranges.size() == 1 && ranges[0].host == own_id && ranges[0].count == 1;
}

bool WriteMap(const IdKind& kind, std::vector<IdRange> ranges, uint32_t own_id, int child_pid) {
  if (ranges.empty()) {
    ranges.push_back({.inside = 0, .host = own_id, .count = 1});
  }
  const bool privileged = HasCapability(kind.capability);
  if (!privileged && !IsOwnAlone(ranges, own_id)) {
    return RunProgram(kind, child_pid, ranges);
  }
  // An ordinary user may map a group only when groups cannot be left (user_namespaces(7)).
  const bool keeps_groups = !privileged && kind.capability == CAP_SETGID;
  return (!keeps_groups || WriteProcFile(child_pid, "setgroups", "deny")) &&
         WriteProcFile(child_pid, kind.map, MapText(ranges));
}

}  // namespace

bool WriteIdMaps(const Options& options, int child_pid) {
  return WriteMap(kUsers, options.uid_map, geteuid(), child_pid) &&
         WriteMap(kGroups, options.gid_map, getegid(), child_pid);
}

}  // namespace vfsd::launcher
