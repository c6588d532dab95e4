// SPDX-License-Identifier: Apache-2.0
#include "memory/guest_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/file_status.h"

namespace vfsd::memory {
namespace {

bool Overflows(uint64_t start, uint64_t length) {
  uint64_t end;
  return __builtin_add_overflow(start, length, &end);
}

bool Overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size) {
  return a < b + b_size && b < a + a_size;
}

}  // namespace

GuestMemory::~GuestMemory() {
  FaultGuard::Guard({});
  Unmap(regions_);
}

TableRefusal GuestMemory::Replace(std::span<const RegionDescription> descriptions) {
  if (descriptions.size() > kMaxRegions) {
    return {"more memory regions than vfsd maps"};
  }
  std::vector<Region> fresh;
  fresh.reserve(descriptions.size());
  for (const RegionDescription& description : descriptions) {
    Region region;
    const TableRefusal refusal = Map(description, region);
    if (refusal.reason != nullptr) {
      Unmap(fresh);
      return refusal;
    }
    fresh.push_back(region);
    const auto overlaps = [&](const Region& other) {
      return Overlap(other.guest_address, other.size, region.guest_address, region.size);
    };
    if (std::any_of(fresh.begin(), fresh.end() - 1, overlaps)) {
      Unmap(fresh);
      return {"two memory regions overlap"};
    }
  }
  std::sort(fresh.begin(), fresh.end(),
            [](const Region& a, const Region& b) { return a.size > b.size; });
  std::vector<GuardedMapping> guarded;
  guarded.reserve(fresh.size());
  for (const Region& region : fresh) {
    guarded.push_back(region.mapping);
  }
  FaultGuard::Guard(guarded);
  Unmap(std::exchange(regions_, std::move(fresh)));
  return {nullptr};
}

TableRefusal GuestMemory::Map(const RegionDescription& description, Region& region) {
  const auto guest = static_cast<uint64_t>(description.guest_address);
  const auto frontend = static_cast<uint64_t>(description.frontend_address);
  if (description.size == 0) {
    return {"a memory region has no length"};
  }
  if (Overflows(guest, description.size) || Overflows(frontend, description.size) ||
      Overflows(description.file_offset, description.size)) {
    return {"a memory region wraps around the end of the address space"};
  }
  const Result<struct stat> file = FileStatus(description.fd);
  if (!file) {
    return {"fstat of a memory region's file", file.error()};
  }
  // Touching a page behind the end of the file would be a SIGBUS.
  if (!S_ISREG(file->st_mode) ||
      description.file_offset + description.size > static_cast<uint64_t>(file->st_size)) {
    return {"a memory region is larger than its file"};
  }
  // Huge page files are mapped, and unmapped, in whole blocks only.
  const auto block = static_cast<uint64_t>(std::max<long>(file->st_blksize, sysconf(_SC_PAGESIZE)));
  const uint64_t before = description.file_offset % block;
  const uint64_t length = (before + description.size + block - 1) / block * block;
  void* mapping = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                       description.fd, static_cast<off_t>(description.file_offset - before));
  if (mapping == MAP_FAILED) {
    return {"mmap of a memory region", Errno::Last()};
  }
  // A core dump of the daemon must not carry the guest's memory.
  madvise(mapping, length, MADV_DONTDUMP);
  auto* start = static_cast<std::byte*>(mapping);
  region = {guest, frontend, description.size, start + before, {start, length, block}};
  return {nullptr};
}

void GuestMemory::Unmap(std::span<const Region> regions) {
  for (const Region& region : regions) {
    munmap(region.mapping.start, region.mapping.length);
  }
}

bool GuestMemory::Read(GuestPhysAddr address, void* destination, size_t length) const {
  auto* out = static_cast<std::byte*>(destination);
  while (length > 0) {
    const std::span<std::byte> part = Prefix(address, length);
    if (part.empty()) {
      return false;
    }
    std::memcpy(out, part.data(), part.size());
    out += part.size();
    length -= part.size();
    address = static_cast<GuestPhysAddr>(static_cast<uint64_t>(address) + part.size());
  }
  return true;
}

std::byte* GuestMemory::RingArea(FrontendVirtAddr address, size_t length, size_t alignment) const {
  for (const Region& region : regions_) {
    const uint64_t offset = static_cast<uint64_t>(address) - region.frontend_address;
    if (offset < region.size) {
      std::byte* area = region.host + offset;
      const bool aligned = reinterpret_cast<uintptr_t>(area) % alignment == 0;
      return length <= region.size - offset && aligned ? area : nullptr;
    }
  }
  return nullptr;
}

}  // namespace vfsd::memory
