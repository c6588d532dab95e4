// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace vfsd {

/** Tells the CPU that the caller looks at memory in a loop, which lets its sibling go first. */
inline void CpuRelax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" : : : "memory");
#endif
}

}  // namespace vfsd
