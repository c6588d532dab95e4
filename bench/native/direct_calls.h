// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace vfsd::bench {

/** The system calls that one operation of a workload cannot do without, as a daemon with O_PATH
 * descriptors makes them: no request, no wake-up, no thread beside the caller. */
class DirectCalls {
 public:
  virtual ~DirectCalls() = default;
  /** Does one operation. False with errno set: a call failed, or did less than it should. */
  virtual bool Do() = 0;
  /** How many calls that was since the beginning. */
  uint64_t calls() const { return calls_; }

 protected:
  /** Counts a call and says whether it succeeded. */
  bool Called(long result) {
    ++calls_;
    return result >= 0;
  }

 private:
  uint64_t calls_ = 0;
};

/** Nullptr: there is no such kind, or `share` lacks what it needs. @param block bytes of a read or
 * write. */
std::unique_ptr<DirectCalls> MakeDirectCalls(std::string_view kind, const std::string& share,
                                             uint64_t block);

// Its parts: what is done with inodes and with names, and what with data.
std::unique_ptr<DirectCalls> MakeDirectMetadata(std::string_view kind, int root);
std::unique_ptr<DirectCalls> MakeDirectData(std::string_view kind, int root, uint64_t block);

}  // namespace vfsd::bench
