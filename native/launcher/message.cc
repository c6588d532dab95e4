// SPDX-License-Identifier: Apache-2.0
#include "launcher/message.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/retry.h"

namespace vfsd::launcher {
namespace {

/** LOG_DAEMON | LOG_ERR: what is said here is always about something that has not worked. */
constexpr const char* kSyslogPriority = "<27>";

/** Null: it is vfsd itself. */
const char* program_name = nullptr;
int destination = STDERR_FILENO;

std::string Line(const std::string& text) {
  const std::string name = program_name == nullptr ? "vfsd" : program_name;
  const std::string level = program_name == nullptr ? "" : "error: ";
  // As syslog(3) sends it, whose reader knows the time itself.
  return destination == STDERR_FILENO
             ? name + ": " + level + text + "\n"
             : kSyslogPriority + name + "[" + std::to_string(getpid()) + "]: " + level + text;
}

}  // namespace

void SpeakAs(const char* program) {
  program_name = program;
}

void SpeakTo(int descriptor) {
  destination = descriptor;
}

void Say(const std::string& text) {
  const std::string line = Line(text);
  // One write, so that lines of several processes do not mix. Nothing helps when nobody reads.
  static_cast<void>(Retry([&] { return write(destination, line.data(), line.size()); }));
}

bool Failed(const std::string& what, const char* hint) {
  const std::string answer = what + ": " + strerror(errno);
  Say(hint == nullptr || program_name != nullptr ? answer : answer + "; " + hint);
  return false;
}

}  // namespace vfsd::launcher
