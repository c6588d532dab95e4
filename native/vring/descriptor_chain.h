// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "abi/virtio_ring.h"
#include "memory/guest_memory.h"
#include "memory/segments.h"
#include "vring/ring_error.h"

namespace vfsd::vring {

/** One request's buffers, as host memory. Its room is allocated once and used again for each chain.
 */
struct DescriptorChain {
  /** Index of the first descriptor: names the chain in the used ring. */
  uint16_t head = 0;
  memory::SegmentList readable;
  memory::SegmentList writable;
};

/** The descriptor table of a ring and what its driver may put there. */
struct DescriptorTable {
  const abi::vring_desc* descriptors = nullptr;
  uint16_t size = 0;
  bool indirect_allowed = false;
};

/**
 * Follows a chain from `head` and fills in its buffers (virtio 1.3, 2.7.5). Each descriptor is
 * copied once before it is looked at; a chain is followed for at most as many steps as its table
 * has entries.
 */
RingError WalkChain(const DescriptorTable& table, const memory::GuestMemory& memory, uint16_t head,
                    DescriptorChain& chain);

}  // namespace vfsd::vring
