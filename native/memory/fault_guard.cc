// SPDX-License-Identifier: Apache-2.0
#include "memory/fault_guard.h"

#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <vector>

namespace vfsd::memory {
namespace {

using Table = std::vector<GuardedMapping>;

// Read by the handler, on whichever thread. Replaced only while no thread touches guest memory.
std::atomic<const Table*> guarded = nullptr;
std::atomic<bool> tripped = false;

const GuardedMapping* Find(const std::byte* address) {
  const Table* table = guarded.load(std::memory_order_acquire);
  if (table == nullptr) {
    return nullptr;
  }
  for (const GuardedMapping& mapping : *table) {
    if (address >= mapping.start && address < mapping.start + mapping.length) {
      return &mapping;
    }
  }
  return nullptr;
}

/** Only what is allowed in a signal's handler: plain system calls and atomics. */
void OnBusError(int signal, siginfo_t* info, void* /*context*/) {
  const int saved_errno = errno;
  auto* address = static_cast<std::byte*>(info->si_addr);
  const GuardedMapping* mapping = Find(address);
  if (mapping != nullptr) {
    auto* page = address - (reinterpret_cast<uintptr_t>(address) % mapping->block);
    void* replaced = mmap(page, mapping->block, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (replaced != MAP_FAILED) {
      tripped.store(true, std::memory_order_relaxed);
      errno = saved_errno;
      return;
    }
  }
  // Not the guest's memory: the instruction runs again and ends the process as it should.
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  errno = saved_errno;
}

}  // namespace

Status FaultGuard::Install() {
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  return sigaction(SIGBUS, &action, nullptr) == 0 ? Status() : Status(Errno::Last());
}

void FaultGuard::Guard(std::span<const GuardedMapping> mappings) {
  const std::unique_ptr<const Table> former(
      guarded.exchange(new Table(mappings.begin(), mappings.end()), std::memory_order_acq_rel));
  tripped.store(false, std::memory_order_relaxed);
}

bool FaultGuard::Tripped() {
  return tripped.load(std::memory_order_relaxed);
}

}  // namespace vfsd::memory
