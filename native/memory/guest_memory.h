// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "memory/address.h"

namespace vfsd::memory {

/** A "memory region description" of vhost-user: a part of the front-end's file that is guest
 * memory. */
struct RegionDescription {
  GuestPhysAddr guest_address;
  FrontendVirtAddr frontend_address;
  uint64_t size;         // bytes, not zero
  uint64_t file_offset;  // bytes
  int fd;                // not owned
};

/** Why a memory table was refused. */
struct TableRefusal {
  const char* reason;
  /** Set when a system call is the reason. */
  Errno error{0};
};

/**
 * The guest's memory as the front-end shares it: a table of mapped regions.
 *
 * Changed by the control thread, and only while no ring runs and no request is under way; the data
 * threads read it without a lock.
 */
class GuestMemory {
 public:
  /** QEMU's limit of memory slots (VHOST_USER_MAX_RAM_SLOTS less what it keeps), which bounds the
   * table. */
  static constexpr size_t kMaxRegions = 512;

  GuestMemory() = default;
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;
  ~GuestMemory();

  /** Replaces the table, all or nothing. Returns a refusal with a null reason on success. */
  TableRefusal Replace(std::span<const RegionDescription> regions);

  /**
   * The longest part of [address, address + length) that lies in one region, from its beginning.
   * Empty when `address` is in no region. A buffer may straddle regions: the caller asks again for
   * the rest.
   */
  std::span<std::byte> Prefix(GuestPhysAddr address, uint64_t length) const {
    for (const Region& region : regions_) {
      const uint64_t offset = static_cast<uint64_t>(address) - region.guest_address;
      if (offset < region.size) {
        const uint64_t available = region.size - offset;
        return {region.host + offset, length < available ? length : available};
      }
    }
    return {};
  }

  /** Copies guest memory into private memory, across regions. False when a part of it lies outside.
   */
  bool Read(GuestPhysAddr address, void* destination, size_t length) const;

  /** A ring area, which must lie within one region: null when it does not, or is not aligned. */
  std::byte* RingArea(FrontendVirtAddr address, size_t length, size_t alignment) const;

 private:
  struct Region {
    uint64_t guest_address;
    uint64_t frontend_address;
    uint64_t size;
    std::byte* host;
    // The mapping, which begins where the file system's block size lets it.
    void* mapping;
    size_t mapping_length;
  };

  static TableRefusal Map(const RegionDescription& description, Region& region);
  static void Unmap(std::span<const Region> regions);

  // Largest first, so that the first comparison nearly always hits.
  std::vector<Region> regions_;
};

}  // namespace vfsd::memory
