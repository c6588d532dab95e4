// SPDX-License-Identifier: Apache-2.0
#include "launcher/kernel_log.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace vfsd::launcher {
namespace {

// The longest record that the kernel gives.
constexpr size_t kRecordSize = 8192;
// A thread of the kernel writes audit records down, soon after what they tell of.
constexpr int kPatienceMs = 300;
// More than a kernel that is busy complaining writes meanwhile.
constexpr int kMaxRecords = 10'000;

/** The value of a field that is separated from the others by spaces; empty: there is none. */
std::string_view Field(std::string_view record, std::string_view name) {
  for (size_t at = record.find(name); at != std::string_view::npos;
       at = record.find(name, at + 1)) {
    const size_t value = at + name.size();
    if (at > 0 && record[at - 1] == ' ' && value < record.size() && record[value] == '=') {
      const std::string_view rest = record.substr(value + 1);
      return rest.substr(0, rest.find_first_of(" \n"));
    }
  }
  return {};
}

template <typename Number>
std::optional<Number> ToNumber(std::string_view text, int base) {
  Number number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

/** Text that another program may have chosen: quoted, or in hexadecimal where it is odd. */
std::string Unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

}  // namespace

std::optional<FatalCall> ReadFatalCall(std::string_view record, pid_t pid) {
  // "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT". A priority from 8 on means that a program has written it.
  const auto priority = ToNumber<unsigned>(record.substr(0, record.find(',')), 10);
  if (!priority || *priority >= 8 || record.find(";audit: type=1326 ") == std::string_view::npos ||
      ToNumber<pid_t>(Field(record, "pid"), 10) != pid ||
      ToNumber<int>(Field(record, "sig"), 10) != SIGSYS) {
    return std::nullopt;
  }
  const auto number = ToNumber<int>(Field(record, "syscall"), 10);
  const auto architecture = ToNumber<uint32_t>(Field(record, "arch"), 16);
  if (!number || !architecture) {
    return std::nullopt;
  }
  return FatalCall{
      .thread = Unquoted(Field(record, "comm")), .architecture = *architecture, .number = *number};
}

KernelLog::KernelLog() : file_(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  if (file_ && lseek(file_.get(), 0, SEEK_END) < 0) {
    file_.Reset();
  }
}

std::optional<FatalCall> KernelLog::FindFatalCall(pid_t pid) const {
  std::array<char, kRecordSize> record;
  for (int i = 0; file_ && i < kMaxRecords; ++i) {
    const ssize_t size = read(file_.get(), record.data(), record.size());
    if (size > 0) {
      auto found = ReadFatalCall(std::string_view(record.data(), static_cast<size_t>(size)), pid);
      if (found) {
        return found;
      }
      continue;
    }
    if (size < 0 && errno == EPIPE) {
      // Records were overwritten; the next is there.
      continue;
    }
    pollfd readable = {.fd = file_.get(), .events = POLLIN, .revents = 0};
    if (size == 0 || errno != EAGAIN || poll(&readable, 1, kPatienceMs) <= 0) {
      break;
    }
  }
  return std::nullopt;
}

}  // namespace vfsd::launcher
