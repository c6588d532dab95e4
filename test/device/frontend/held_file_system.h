// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "abi/fuse.h"

namespace vfsd::frontend {

/**
 * A file system that is as slow as a test wants: it has one directory in which every name is the
 * same file of a mebibyte, and answers a READ when it is told to. With it, "while a request sleeps"
 * is a state and not a race. So it does with a LOOKUP of the name "held". Or it answers each READ
 * by itself, so long after it has come: what another machine's disk looks like. Or it fails a
 * request as a broken disk would.
 */
class HeldFileSystem {
 public:
  /** Requests are held until Release(). */
  static constexpr int kForEver = -1;

  enum class Holds : uint8_t {
    /** READs. Nothing can be changed (ENOSYS). */
    kReads,
    /** READs, WRITEs, and each SETATTR that sets a size, as one does that opens with O_TRUNC. */
    kReadsAndChanges,
  };

  /** Nullptr with errno set: /dev/fuse is missing, or the caller may not mount. */
  static std::unique_ptr<HeldFileSystem> Mount(const std::string& path, int delay_ms = kForEver,
                                               Holds holds = Holds::kReads);
  HeldFileSystem(const HeldFileSystem&) = delete;
  HeldFileSystem& operator=(const HeldFileSystem&) = delete;
  /** Unmounts; whoever still waits gets an error. */
  ~HeldFileSystem();

  /** Waits until `count` requests are held. False: that did not happen in time. */
  bool WaitHeld(size_t count, int timeout_ms);
  /** Answers all that are held, and lets later ones pass. */
  void Release();

  /** From now on every request of this opcode is answered with this errno; 0 ends that. */
  void Fail(uint32_t opcode, int error);

 private:
  struct Held {
    uint64_t unique;
    /** A LOOKUP, READ, WRITE or SETATTR. */
    uint32_t opcode;
    /** How much is to be read or written, or the file's new size, in bytes. */
    uint64_t size;
    std::chrono::steady_clock::time_point due = {};
  };

  HeldFileSystem(std::string path, int device, int stop, int delay_ms, Holds holds);
  void Serve();
  void Dispatch(const std::byte* request);
  int FailureOf(uint32_t opcode);
  void DispatchChange(const abi::fuse_in_header& header, const std::byte* body);
  void Hold(Held request);
  abi::fuse_attr AttributesOf(uint64_t node) const;
  void AnswerEntry(uint64_t unique) const;
  void AnswerAttributes(uint64_t unique, uint64_t node) const;
  void Answer(uint64_t unique, int error, const void* payload, size_t size) const;
  void AnswerHeld(const Held& request);
  /** Answers what is due. Returns how long to wait for the next, in milliseconds, or -1. */
  int AnswerDue();

  const std::string path_;
  const int device_;
  const int stop_;
  const int delay_ms_;
  const Holds holds_;
  /** Of the file, in bytes. */
  std::atomic<uint64_t> size_ = uint64_t{1} << 20;
  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<Held> held_;
  /** errno by opcode. */
  std::map<uint32_t, int> failures_;
  bool released_ = false;
  std::thread server_;
};

}  // namespace vfsd::frontend
