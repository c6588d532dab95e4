// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <concepts>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vfsd {

/** Runs a system call again as long as a signal interrupts it; -1 becomes the errno. */
template <std::invocable Call>
auto Retry(Call call) -> Result<decltype(call())> {
  for (;;) {
    const auto answer = call();
    if (answer != -1) {
      return answer;
    }
    if (errno != EINTR) {
      return Errno::Last();
    }
  }
}

/** The same for a call whose only answer is success. */
template <std::invocable Call>
Status RetryStatus(Call call) {
  const auto answer = Retry(call);
  return answer ? Status() : Status(answer.error());
}

/** The same for a call that makes a descriptor. */
template <std::invocable Call>
Result<UniqueFd> RetryFd(Call call) {
  const auto answer = Retry(call);
  if (!answer) {
    return answer.error();
  }
  return UniqueFd(static_cast<int>(*answer));
}

}  // namespace vfsd
