// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace vfsd::frontend {

/** One slot of guest memory: a memfd, mapped here as the front-end maps it. */
struct Region {
  uint64_t guest_address;
  uint64_t size;
  int fd;
  std::byte* mapping;
};

/**
 * The guest's memory. Regions are mapped apart from each other on purpose: what is adjacent for the
 * guest is not for the device, so a device that takes a buffer for contiguous reads the wrong
 * bytes.
 */
class GuestMemory {
 public:
  GuestMemory() = default;
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;
  ~GuestMemory();

  /** Returns the new region, or nullptr with errno set. It stays where it is until it is removed.
   */
  const Region* Add(uint64_t guest_address, uint64_t size);
  /** False: no region begins there. */
  bool Remove(uint64_t guest_address);

  /** The bytes at `guest_address` up to the end of its region, at most `size`. Empty: not in
   * memory. */
  std::span<std::byte> At(uint64_t guest_address, uint64_t size) const;

  /** False: some byte is not in memory; those before it have been copied. */
  bool Write(uint64_t guest_address, const void* from, uint64_t size) const;
  bool Read(uint64_t guest_address, void* to, uint64_t size) const;

 private:
  std::vector<std::unique_ptr<Region>> regions_;
};

}  // namespace vfsd::frontend
