// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "input.h"
#include "memory/guest_memory.h"

namespace vfsd::fuzz {

/**
 * Guest memory in one to four regions, as the input wants them: neighbours for the guest, or with
 * gaps, of any length, and never neighbours on the host.
 */
class FuzzedMemory {
 public:
  static constexpr uint64_t kFrontendBase = 0x7f00'0000'0000;
  /** Room of each region in the file. What a region does not use of it lies between two mappings.
   */
  static constexpr uint64_t kSlot = 1 << 16;

  explicit FuzzedMemory(Input& input) : file_(memfd_create("guest", MFD_CLOEXEC)) {
    const uint32_t count = 1 + input.Below(4);
    Require(ftruncate(file_.get(), static_cast<off_t>(count * kSlot)) == 0, "there is memory");
    uint64_t guest = input.Below(4) * uint64_t{0x1000};
    for (uint64_t i = 0; i < count; ++i) {
      // The rings lie in the first region, which is large enough for them.
      const uint64_t size = i == 0 ? kSlot - input.Below(64) : 1 + input.Below(kSlot - 1);
      regions_.push_back({memory::GuestPhysAddr{guest},
                          memory::FrontendVirtAddr{kFrontendBase + 2 * i * kSlot}, size, i * kSlot,
                          file_.get()});
      guest += size + (input.Below(2) == 0 ? 0 : input.Below(3) * uint64_t{17});
    }
    Require(memory_.Replace(regions_).reason == nullptr, "these regions are a table");
  }

  memory::GuestMemory& memory() { return memory_; }
  uint64_t begin() const { return static_cast<uint64_t>(regions_.front().guest_address); }
  /** Behind the last byte. */
  uint64_t end() const {
    return static_cast<uint64_t>(regions_.back().guest_address) + regions_.back().size;
  }

  /** Whether a byte of this address is in memory, and where; found in another way than vfsd's. */
  const std::byte* Find(uint64_t address) const {
    for (const memory::RegionDescription& region : regions_) {
      const auto start = static_cast<uint64_t>(region.guest_address);
      if (address >= start && address - start < region.size) {
        return memory_.Prefix(region.guest_address, region.size).data() + (address - start);
      }
    }
    return nullptr;
  }

  /** As a driver writes: what is not in memory is lost. */
  void Write(uint64_t address, std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      const auto place = memory_.Prefix(memory::GuestPhysAddr{address}, 1);
      if (!place.empty()) {
        place[0] = byte;
      }
      ++address;
    }
  }

  template <typename T>
  std::optional<T> Read(uint64_t address) const {
    T value;
    auto* bytes = reinterpret_cast<std::byte*>(&value);
    for (size_t i = 0; i < sizeof value; ++i) {
      const std::byte* place = Find(address + i);
      if (place == nullptr) {
        return std::nullopt;
      }
      bytes[i] = *place;
    }
    return value;
  }

 private:
  UniqueFd file_;
  std::vector<memory::RegionDescription> regions_;
  memory::GuestMemory memory_;
};

}  // namespace vfsd::fuzz
