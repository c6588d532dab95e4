// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

namespace vfsd::frontend {

/** A thread that does the same thing again and again, as fast as it can, until it is stopped. */
class Disturbance {
 public:
  explicit Disturbance(std::function<bool()> turn)
      : thread_([this, turn = std::move(turn)] {
          while (!stopped_.load(std::memory_order_relaxed)) {
            turns_ += turn() ? 1 : 0;
          }
        }) {}
  Disturbance(const Disturbance&) = delete;
  Disturbance& operator=(const Disturbance&) = delete;
  ~Disturbance() { Stop(); }

  /** How often it has succeeded. */
  uint64_t Stop() {
    stopped_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
    return turns_;
  }

 private:
  std::atomic<bool> stopped_ = false;
  uint64_t turns_ = 0;
  std::thread thread_;
};

/**
 * HostRacer(one, other): exchanges two names on the host, by renameat2(2).
 * MemoryScribbler(memory, address, one, other): puts one or the other bytes in that place.
 * Both have stop(), which says how often they did.
 */
void ExportDisturbances(Napi::Env env, Napi::Object exports);

}  // namespace vfsd::frontend
