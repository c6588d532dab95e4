// SPDX-License-Identifier: Apache-2.0
#include "launcher/service_manager.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/retry.h"
#include "launcher/worker_fds.h"

namespace vfsd::launcher {
namespace {

constexpr size_t kLongestWord = 256;

}  // namespace

std::string NotificationFor(std::string_view word) {
  if (word.empty()) {
    return {};
  }
  const std::string_view text = word.substr(1);
  switch (word.front()) {
    case kReady:
      return text.empty() ? "READY=1" : "";
    case kAlive:
      return text.empty() ? "WATCHDOG=1" : "";
    case kStatus: {
      // A line break would begin another assignment.
      const bool printable = std::ranges::none_of(
          text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
      return printable ? "STATUS=" + std::string(text) : "";
    }
    default:
      return {};
  }
}

void ServiceManager::Relay() {
  std::array<char, kLongestWord> word;
  const auto size =
      Retry([&] { return recv(worker_.get(), word.data(), word.size(), MSG_DONTWAIT); });
  if (!size && size.error() == Errno(EAGAIN)) {
    return;
  }
  if (!size || *size == 0) {
    // The worker is about to end, or has closed its side.
    worker_.Reset();
    return;
  }
  const std::string message =
      NotificationFor(std::string_view(word.data(), static_cast<size_t>(*size)));
  if (!message.empty()) {
    Tell(message);
  }
}

void ServiceManager::Tell(const std::string& message) {
  if (socket_) {
    // Nobody waits for a manager that does not read.
    static_cast<void>(Retry([&] {
      return send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }));
  }
}

}  // namespace vfsd::launcher
