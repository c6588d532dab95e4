// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace vfsd::fs::passthrough {

/**
 * How many descriptors the guest may make the daemon hold. The daemon's own needs stay outside of
 * it, so that a guest that opens all it can gets EMFILE while the daemon goes on working.
 */
class FdBudget {
 public:
  /** One descriptor's place, given back at the end. */
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      return *this;
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() {
      if (budget_ != nullptr) {
        budget_->left_.fetch_add(1, std::memory_order_relaxed);
      }
    }
    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class FdBudget;
    explicit Share(FdBudget* budget) : budget_(budget) {}
    FdBudget* budget_ = nullptr;
  };

  explicit FdBudget(int64_t limit) : limit_(limit), left_(limit) {}

  /** An empty share when nothing is left. */
  Share Take() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) > 0) {
      return Share(this);
    }
    left_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }

  /** No more than an eighth is left. */
  bool RunsShort() const { return left_.load(std::memory_order_relaxed) <= limit_ / 8; }

  int64_t limit() const { return limit_; }
  /** How many are taken. */
  int64_t taken() const { return limit_ - left_.load(std::memory_order_relaxed); }

 private:
  const int64_t limit_;
  std::atomic<int64_t> left_;
};

}  // namespace vfsd::fs::passthrough
