// SPDX-License-Identifier: Apache-2.0
#include "frontend/guest_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace vfsd::frontend {
namespace {

void Unmap(const Region& region) {
  munmap(region.mapping, region.size);
  close(region.fd);
}

}  // namespace

GuestMemory::~GuestMemory() {
  for (const auto& region : regions_) {
    Unmap(*region);
  }
}

const Region* GuestMemory::Add(uint64_t guest_address, uint64_t size) {
  const int fd = memfd_create("vfsd-guest", MFD_CLOEXEC);
  if (fd < 0) {
    return nullptr;
  }
  void* mapping = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(size)) == 0) {
    mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (mapping == MAP_FAILED) {
    close(fd);
    return nullptr;
  }
  const Region region = {guest_address, size, fd, static_cast<std::byte*>(mapping)};
  return regions_.emplace_back(std::make_unique<Region>(region)).get();
}

bool GuestMemory::Remove(uint64_t guest_address) {
  const auto found = std::ranges::find(regions_, guest_address,
                                       [](const auto& region) { return region->guest_address; });
  if (found == regions_.end()) {
    return false;
  }
  Unmap(**found);
  regions_.erase(found);
  return true;
}

std::span<std::byte> GuestMemory::At(uint64_t guest_address, uint64_t size) const {
  for (const auto& region : regions_) {
    const uint64_t offset = guest_address - region->guest_address;
    if (guest_address >= region->guest_address && offset < region->size) {
      return {region->mapping + offset, std::min(size, region->size - offset)};
    }
  }
  return {};
}

bool GuestMemory::Write(uint64_t guest_address, const void* from, uint64_t size) const {
  const auto* bytes = static_cast<const std::byte*>(from);
  while (size > 0) {
    const auto part = At(guest_address, size);
    if (part.empty()) {
      return false;
    }
    std::memcpy(part.data(), bytes, part.size());
    bytes += part.size();
    guest_address += part.size();
    size -= part.size();
  }
  return true;
}

bool GuestMemory::Read(uint64_t guest_address, void* to, uint64_t size) const {
  auto* bytes = static_cast<std::byte*>(to);
  while (size > 0) {
    const auto part = At(guest_address, size);
    if (part.empty()) {
      return false;
    }
    std::memcpy(bytes, part.data(), part.size());
    bytes += part.size();
    guest_address += part.size();
    size -= part.size();
  }
  return true;
}

}  // namespace vfsd::frontend
