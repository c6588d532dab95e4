// SPDX-License-Identifier: Apache-2.0
#pragma once

// Split virtqueue layout, virtio 1.3, 2.7. Field and flag names are the kernel's
// (linux/virtio_ring.h).

#include <bit>
#include <cstddef>
#include <cstdint>

namespace vfsd::abi {

// All fields are little endian on the wire, and are used as they are.
static_assert(std::endian::native == std::endian::little, "vfsd runs on little-endian hosts only");

inline constexpr uint16_t VRING_DESC_F_NEXT = 1;
inline constexpr uint16_t VRING_DESC_F_WRITE = 2;
inline constexpr uint16_t VRING_DESC_F_INDIRECT = 4;

inline constexpr uint16_t VRING_AVAIL_F_NO_INTERRUPT = 1;
inline constexpr uint16_t VRING_USED_F_NO_NOTIFY = 1;

struct vring_desc {
  uint64_t addr;
  uint32_t len;
  uint16_t flags;
  uint16_t next;
};
static_assert(sizeof(vring_desc) == 16);

/** Followed by `uint16_t ring[size]` and `uint16_t used_event`. */
struct vring_avail {
  uint16_t flags;
  uint16_t idx;
};
static_assert(sizeof(vring_avail) == 4);

struct vring_used_elem {
  uint32_t id;
  uint32_t len;
};
static_assert(sizeof(vring_used_elem) == 8);

/** Followed by `vring_used_elem ring[size]` and `uint16_t avail_event`. */
struct vring_used {
  uint16_t flags;
  uint16_t idx;
};
static_assert(sizeof(vring_used) == 4);

// Required alignment of the three areas, virtio 1.3, 2.7.
inline constexpr size_t VRING_DESC_ALIGN_SIZE = 16;
inline constexpr size_t VRING_AVAIL_ALIGN_SIZE = 2;
inline constexpr size_t VRING_USED_ALIGN_SIZE = 4;

}  // namespace vfsd::abi
