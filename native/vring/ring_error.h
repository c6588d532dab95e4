// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace vfsd::vring {

/** What a driver can do wrong on a ring. Each breaks that ring, once, and nothing else. */
enum class RingError : uint8_t {
  kNone,
  kAvailIndexJump,
  kHeadOutOfRange,
  kNextOutOfRange,
  kChainTooLong,
  kIndirectNotNegotiated,
  kIndirectNested,
  kIndirectWithNext,
  kIndirectLength,
  kBufferOutsideMemory,
  kTableOutsideMemory,
  kReadableAfterWritable,
  kMemoryLost,
};

constexpr const char* Describe(RingError error) {
  switch (error) {
    case RingError::kNone:
      return "no error";
    case RingError::kAvailIndexJump:
      return "the available index jumped by more than the ring's size";
    case RingError::kHeadOutOfRange:
      return "the available ring names a descriptor outside of the table";
    case RingError::kNextOutOfRange:
      return "a descriptor's next field points outside of the table";
    case RingError::kChainTooLong:
      return "a descriptor chain loops or is longer than the ring";
    case RingError::kIndirectNotNegotiated:
      return "an indirect descriptor, which was not negotiated";
    case RingError::kIndirectNested:
      return "an indirect table inside an indirect table";
    case RingError::kIndirectWithNext:
      return "an indirect descriptor that also has a next one";
    case RingError::kIndirectLength:
      return "an indirect table whose length is zero or no multiple of 16";
    case RingError::kBufferOutsideMemory:
      return "a buffer outside of the guest's memory";
    case RingError::kTableOutsideMemory:
      return "an indirect table outside of the guest's memory";
    case RingError::kReadableAfterWritable:
      return "a device-readable buffer behind a device-writable one";
    case RingError::kMemoryLost:
      return "the front-end has taken memory away that it had shared";
  }
  return "unknown";
}

}  // namespace vfsd::vring
