// SPDX-License-Identifier: Apache-2.0
#include "vring/descriptor_chain.h"

#include <cstring>

namespace vfsd::vring {
namespace {

using abi::vring_desc;
using memory::GuestMemory;
using memory::GuestPhysAddr;

// An indirect table may be larger than the ring it is used on (virtio 1.3, 2.7.5.3.1 forbids
// chains, not tables, beyond the queue size); this bounds the work for one request.
constexpr uint32_t kMaxIndirectEntries = 1024;

/** The guest may change a descriptor at any time: this copy is the one that is checked and used. */
vring_desc CopyOnce(const vring_desc* guest) {
  vring_desc copy;
  std::memcpy(&copy, guest, sizeof copy);
  // Keeps the compiler from reading the guest's memory a second time instead of the copy.
  asm volatile("" : : : "memory");
  return copy;
}

RingError AddBuffer(const vring_desc& descriptor, const GuestMemory& memory,
                    DescriptorChain& chain) {
  const bool writable = (descriptor.flags & abi::VRING_DESC_F_WRITE) != 0;
  // virtio 1.3, 2.7.4.2: all device-writable buffers come behind all device-readable ones.
  if (!writable && chain.writable.bytes() > 0) {
    return RingError::kReadableAfterWritable;
  }
  memory::SegmentList& list = writable ? chain.writable : chain.readable;
  uint64_t address = descriptor.addr;
  uint64_t length = descriptor.len;
  while (length > 0) {
    const auto part = memory.Prefix(static_cast<GuestPhysAddr>(address), length);
    if (part.empty()) {
      return RingError::kBufferOutsideMemory;
    }
    if (!list.Add(part)) {
      return RingError::kChainTooLong;
    }
    address += part.size();
    length -= part.size();
  }
  return RingError::kNone;
}

/** Reads the entries of an indirect table, wherever they lie. */
class IndirectTable {
 public:
  IndirectTable(const GuestMemory& memory, uint64_t address, uint32_t length)
      : memory_(memory), address_(address), entries_(length / sizeof(vring_desc)) {
    const auto part = memory.Prefix(static_cast<GuestPhysAddr>(address), length);
    // A table in guest memory need not be aligned, so entries are copied bytewise, never
    // dereferenced.
    contiguous_ = part.size() == length ? part.data() : nullptr;
  }

  uint32_t entries() const { return entries_; }

  bool Read(uint32_t index, vring_desc& entry) const {
    if (contiguous_ != nullptr) {
      std::memcpy(&entry, contiguous_ + index * sizeof entry, sizeof entry);
      asm volatile("" : : : "memory");
      return true;
    }
    return memory_.Read(static_cast<GuestPhysAddr>(address_ + index * sizeof entry), &entry,
                        sizeof entry);
  }

 private:
  const GuestMemory& memory_;
  uint64_t address_;
  uint32_t entries_;
  const std::byte* contiguous_;
};

RingError WalkIndirect(const vring_desc& reference, const GuestMemory& memory,
                       DescriptorChain& chain) {
  // virtio 1.3, 2.7.5.3.1: INDIRECT and NEXT exclude each other.
  if ((reference.flags & abi::VRING_DESC_F_NEXT) != 0) {
    return RingError::kIndirectWithNext;
  }
  if (reference.len == 0 || reference.len % sizeof(vring_desc) != 0) {
    return RingError::kIndirectLength;
  }
  const IndirectTable table(memory, reference.addr, reference.len);
  if (table.entries() > kMaxIndirectEntries) {
    return RingError::kChainTooLong;
  }
  uint32_t index = 0;
  for (uint32_t step = 0; step < table.entries(); ++step) {
    vring_desc descriptor;
    if (!table.Read(index, descriptor)) {
      return RingError::kTableOutsideMemory;
    }
    if ((descriptor.flags & abi::VRING_DESC_F_INDIRECT) != 0) {
      return RingError::kIndirectNested;
    }
    const RingError error = AddBuffer(descriptor, memory, chain);
    if (error != RingError::kNone) {
      return error;
    }
    if ((descriptor.flags & abi::VRING_DESC_F_NEXT) == 0) {
      return RingError::kNone;
    }
    index = descriptor.next;
    if (index >= table.entries()) {
      return RingError::kNextOutOfRange;
    }
  }
  return RingError::kChainTooLong;
}

}  // namespace

RingError WalkChain(const DescriptorTable& table, const GuestMemory& memory, uint16_t head,
                    DescriptorChain& chain) {
  chain.head = head;
  chain.readable.Clear();
  chain.writable.Clear();
  if (head >= table.size) {
    return RingError::kHeadOutOfRange;
  }
  uint16_t index = head;
  for (uint32_t step = 0; step < table.size; ++step) {
    const vring_desc descriptor = CopyOnce(&table.descriptors[index]);
    if ((descriptor.flags & abi::VRING_DESC_F_INDIRECT) != 0) {
      // Direct descriptors may come before the indirect one (virtio 1.3, 2.7.5.3.2).
      return table.indirect_allowed ? WalkIndirect(descriptor, memory, chain)
                                    : RingError::kIndirectNotNegotiated;
    }
    const RingError error = AddBuffer(descriptor, memory, chain);
    if (error != RingError::kNone) {
      return error;
    }
    if ((descriptor.flags & abi::VRING_DESC_F_NEXT) == 0) {
      return RingError::kNone;
    }
    index = descriptor.next;
    if (index >= table.size) {
      return RingError::kNextOutOfRange;
    }
  }
  return RingError::kChainTooLong;
}

}  // namespace vfsd::vring
