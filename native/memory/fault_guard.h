// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"

namespace vfsd::memory {

/** A mapping of the front-end's memory: page-aligned, in pages of `block` bytes. */
struct GuardedMapping {
  std::byte* start;
  size_t length;
  size_t block;
};

/**
 * Survives a front-end that shrinks the file behind memory that is mapped already, where touching
 * what is gone raises SIGBUS. The handler puts a page of zeros in its place and notes the loss; the
 * ring that is at work is then broken.
 *
 * A signal's handler is the process's, and so is this.
 */
class FaultGuard {
 public:
  /** Takes over SIGBUS. To be called once, before the first mapping is guarded. */
  static Status Install();

  /**
   * Guards these mappings instead of the former ones, and forgets a loss. Called by the control
   * thread while no other thread touches guest memory.
   */
  static void Guard(std::span<const GuardedMapping> mappings);

  /** Whether a page of what is guarded now has been lost. */
  static bool Tripped();
};

}  // namespace vfsd::memory
