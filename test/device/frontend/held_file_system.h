// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace vfsd::frontend {

/**
 * A file system that is as slow as a test wants: it has one directory in which every name is a file
 * of a mebibyte, and answers a READ when it is told to. With it, "while a request sleeps" is a
 * state and not a race. Or it answers each READ by itself, so long after it has come: what another
 * machine's disk looks like.
 */
class HeldFileSystem {
 public:
  /** READs are held until Release(). */
  static constexpr int kForEver = -1;

  /** Nullptr with errno set: /dev/fuse is missing, or the caller may not mount. */
  static std::unique_ptr<HeldFileSystem> Mount(const std::string& path, int delay_ms = kForEver);
  HeldFileSystem(const HeldFileSystem&) = delete;
  HeldFileSystem& operator=(const HeldFileSystem&) = delete;
  /** Unmounts; whoever still reads gets an error. */
  ~HeldFileSystem();

  /** Waits until `count` READs are held. False: that did not happen in time. */
  bool WaitHeld(size_t count, int timeout_ms);
  /** Answers all READs that are held, and lets later ones pass. */
  void Release();

 private:
  struct Read {
    uint64_t unique;
    uint32_t size;
    std::chrono::steady_clock::time_point due;
  };

  HeldFileSystem(std::string path, int device, int stop, int delay_ms);
  void Serve();
  void Dispatch(const std::byte* request);
  void Answer(uint64_t unique, int error, const void* payload, size_t size) const;
  void AnswerRead(const Read& read) const;
  /** Answers what is due. Returns how long to wait for the next, in milliseconds, or -1. */
  int AnswerDue();

  const std::string path_;
  const int device_;
  const int stop_;
  const int delay_ms_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<Read> held_;
  bool released_ = false;
  std::thread server_;
};

}  // namespace vfsd::frontend
