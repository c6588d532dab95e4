// SPDX-License-Identifier: Apache-2.0
#include "sys/heap.h"

#include <malloc.h>
#include <sys/sysinfo.h>

#include <array>
#include <cstdlib>

#include "base/thread.h"

namespace vfsd::sys {
namespace {

// glibc's own choice, on machines of 64 bits.
constexpr int kHeapsForEachProcessor = 8;
// Of the heap, and not mapped for itself; together more than a heap keeps.
constexpr size_t kBlockSize = size_t{100} * 1024;
constexpr size_t kBlocks = 8;

/** Makes the heap of a thread that has one of its own shrink. */
void ShrinkHeap() {
  std::array<void*, kBlocks> blocks;
  for (void*& block : blocks) {
    block = malloc(kBlockSize);
    // What the compiler does not see cannot be left out.
    asm volatile("" : : "r"(block) : "memory");
  }
  for (void* block : blocks) {
    free(block);
  }
}

}  // namespace

void SettleHeap() {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, kHeapsForEachProcessor * get_nprocs());
#endif
  // Where there is no thread for it, there will be none that could be held up.
  const Result<Thread> thread = Thread::Start("vfsd-heap", ShrinkHeap);
  static_cast<void>(thread);
}

}  // namespace vfsd::sys
