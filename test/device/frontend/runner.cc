// SPDX-License-Identifier: Apache-2.0
#include "frontend/runner.h"

#include <algorithm>
#include <utility>

#include "frontend/clock.h"

namespace vfsd::frontend {
namespace {

constexpr int kPatienceMs = 10'000;
// One guest page of stride is enough for requests without data, but a slot's parts lie at fixed
// places.
constexpr uint64_t kForgetStride = RequestSlot::kData;
constexpr size_t kMaxSamples = 4'000'000;

std::vector<RequestSlot> MakeSlots(RunMemory memory, uint16_t count, uint64_t stride) {
  std::vector<RequestSlot> slots;
  for (uint16_t i = 0; i < count; ++i) {
    const uint64_t guest = memory.base + i * stride;
    const auto host = memory.memory.At(guest, stride);
    if (host.size() < stride) {
      return {};
    }
    slots.emplace_back(i, guest, host.data());
  }
  return slots;
}

/** Nullptr: the header of the reply is right. */
const char* CheckHeader(RequestSlot& slot, uint32_t used_length) {
  const abi::fuse_out_header& reply = slot.reply_header();
  if (reply.unique != slot.unique()) {
    return "the reply is to another request";
  }
  if (reply.len < sizeof reply || reply.len != used_length) {
    return "the length of the reply and that of the used element differ";
  }
  return nullptr;
}

class Operations {
 public:
  Operations(DriverRing& ring, Workload& workload, const RunOptions& options)
      : ring_(ring), workload_(workload), options_(options) {
    result_.latencies.reserve(std::min<size_t>(kMaxSamples, 1 << 20));
  }

  RunResult Go(std::vector<RequestSlot> slots) {
    const uint64_t kicks = ring_.kicks();
    const uint64_t calls = ring_.calls();
    begin_ = Nanoseconds();
    for (RequestSlot& slot : slots) {
      if (!Of(slot).IsUsedUp()) {
        Start(slot, begin_);
      }
    }
    Flush();
    while (under_way_ > 0 && result_.failure.empty()) {
      Collect(slots);
      Flush();
    }
    result_.elapsed_ns = Nanoseconds() - begin_;
    result_.kicks = ring_.kicks() - kicks;
    result_.calls = ring_.calls() - calls;
    return std::move(result_);
  }

 private:
  /** The neighbour has the slot behind those of the workload. */
  bool IsNeighbour(const RequestSlot& slot) const { return slot.index() == options_.depth; }
  Workload& Of(const RequestSlot& slot) {
    return IsNeighbour(slot) ? *options_.neighbour : workload_;
  }

  void Start(RequestSlot& slot, uint64_t now) {
    slot.step = 0;
    slot.started = now;
    Submit(slot);
  }

  void Submit(RequestSlot& slot) {
    slot.SpoilReply();
    Of(slot).Fill(slot);
    ring_.descriptor(slot.index()) = slot.Reference();
    ring_.Publish(slot.index());
    ++under_way_;
    ++result_.requests;
    unflushed_ = true;
  }

  void Flush() {
    if (std::exchange(unflushed_, false)) {
      ring_.Expose();
      ring_.KickIfWanted();
    }
  }

  void Collect(std::vector<RequestSlot>& slots) {
    if (!ring_.Wait(kPatienceMs, options_.spin_ns)) {
      result_.failure = "no answer";
      return;
    }
    for (abi::vring_used_elem element; result_.failure.empty() && ring_.Pop(element);) {
      if (element.id >= slots.size()) {
        result_.failure = "a chain came back that was never given";
        return;
      }
      --under_way_;
      Finish(slots[element.id], element.len);
    }
  }

  void Finish(RequestSlot& slot, uint32_t used_length) {
    Workload& workload = Of(slot);
    const After after =
        workload.IsAnswered() ? Check(workload, slot, used_length) : After::kOperationDone;
    if (!result_.failure.empty()) {
      return;
    }
    if (after == After::kNextStep) {
      ++slot.step;
      Submit(slot);
      return;
    }
    const uint64_t now = Nanoseconds();
    if (IsNeighbour(slot)) {
      ++result_.neighbour_operations;
    } else {
      Count(slot, now);
    }
    const bool enough =
        options_.max_operations > 0 && result_.operations >= options_.max_operations;
    if (!enough && now - begin_ < options_.duration_ns && !workload.IsUsedUp()) {
      Start(slot, now);
    }
  }

  After Check(Workload& workload, RequestSlot& slot, uint32_t used_length) {
    if (const char* wrong = CheckHeader(slot, used_length)) {
      result_.failure = wrong;
      return After::kOperationDone;
    }
    const int error = slot.reply_header().error;
    const After after = workload.Check(slot, error, used_length - sizeof(abi::fuse_out_header));
    if (!workload.failure.empty()) {
      result_.failure = workload.failure + " (error " + std::to_string(error) + ", step " +
                        std::to_string(slot.step) + ")";
    }
    return after;
  }

  void Count(const RequestSlot& slot, uint64_t now) {
    ++result_.operations;
    if (result_.latencies.size() < kMaxSamples) {
      result_.latencies.push_back(
          static_cast<uint32_t>(std::min<uint64_t>(now - slot.started, UINT32_MAX)));
    }
  }

  DriverRing& ring_;
  Workload& workload_;
  const RunOptions& options_;
  RunResult result_;
  uint64_t begin_ = 0;
  uint64_t under_way_ = 0;
  bool unflushed_ = false;
};

}  // namespace

ForgetQueue::ForgetQueue(DriverRing& ring, RunMemory memory)
    : ring_(ring), slots_(MakeSlots(memory, kSlots, kForgetStride)) {
  for (const RequestSlot& slot : slots_) {
    free_.push_back(slot.index());
  }
}

void ForgetQueue::Send(uint64_t node) {
  const std::scoped_lock lock(lock_);
  Reap();
  if (free_.empty() && !(ring_.Wait(kPatienceMs) && Reap())) {
    return;
  }
  RequestSlot& slot = slots_[free_.back()];
  free_.pop_back();
  slot.Begin(abi::FUSE_FORGET, node);
  slot.Argument(abi::fuse_forget_in{1});
  slot.EndWithoutReply();
  ring_.descriptor(slot.index()) = slot.Reference();
  ring_.Publish(slot.index());
  ring_.Expose();
  ring_.KickIfWanted();
}

bool ForgetQueue::Reap() {
  for (abi::vring_used_elem element; ring_.Pop(element);) {
    free_.push_back(static_cast<uint16_t>(element.id));
  }
  return !free_.empty();
}

bool ForgetQueue::Drain() {
  while (free_.size() < slots_.size()) {
    if (!ring_.Wait(kPatienceMs)) {
      return false;
    }
    Reap();
  }
  return true;
}

RunResult Run(DriverRing& ring, RunMemory memory, Workload& workload, const RunOptions& options) {
  const auto count = static_cast<uint16_t>(options.depth + (options.neighbour != nullptr ? 1 : 0));
  std::vector<RequestSlot> slots = MakeSlots(memory, count, RequestSlot::kSize);
  for (RequestSlot& slot : slots) {
    slot.LayPages(options.pages);
  }
  if (slots.empty()) {
    RunResult result;
    result.failure = "the guest's memory is too small for this depth";
    return result;
  }
  return Operations(ring, workload, options).Go(std::move(slots));
}

}  // namespace vfsd::frontend
