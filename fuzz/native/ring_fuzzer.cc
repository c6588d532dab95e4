// SPDX-License-Identifier: Apache-2.0

// A split ring and its descriptor chains in guest memory that the input fills and changes. Each
// chain is also followed by a second, slow implementation, byte by byte: both must find the same
// buffers, or both a mistake.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "fuzzed_memory.h"
#include "input.h"
#include "vring/split_ring.h"

namespace vfsd::fuzz {
namespace {

using abi::vring_desc;
using vring::DescriptorChain;
using vring::RingError;
using vring::SplitRing;

constexpr uint64_t kAvailable = 0x4000;
constexpr uint64_t kUsed = 0x8000;
constexpr int kMostSteps = 200;
constexpr uint64_t kMostBytes = 1 << 19;

/** Where each byte of a chain lies on the host. */
struct Buffers {
  std::vector<const std::byte*> readable;
  std::vector<const std::byte*> writable;
};

/** Follows chains as the specification says it, without a thought for speed. */
class SlowWalk {
 public:
  SlowWalk(const FuzzedMemory& memory, uint64_t table, uint16_t size, bool indirect)
      : memory_(memory), table_(table), size_(size), indirect_(indirect) {}

  /** Nothing: the chain is not as it should be. */
  std::optional<Buffers> Follow(uint16_t head) {
    buffers_ = {};
    if (head >= size_) {
      return std::nullopt;
    }
    uint64_t index = head;
    for (uint32_t step = 0; step < size_; ++step) {
      const auto descriptor = memory_.Read<vring_desc>(table_ + 16 * index);
      if (!descriptor) {
        return std::nullopt;
      }
      if ((descriptor->flags & abi::VRING_DESC_F_INDIRECT) != 0) {
        return indirect_ && FollowTable(*descriptor) ? std::optional(buffers_) : std::nullopt;
      }
      if (!Add(*descriptor)) {
        return std::nullopt;
      }
      if ((descriptor->flags & abi::VRING_DESC_F_NEXT) == 0) {
        return buffers_;
      }
      index = descriptor->next;
      if (index >= size_) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  bool too_long() const { return too_long_; }

 private:
  bool FollowTable(const vring_desc& reference) {
    const uint32_t entries = reference.len / 16;
    if ((reference.flags & abi::VRING_DESC_F_NEXT) != 0 || reference.len % 16 != 0 ||
        entries == 0 || entries > 1024) {
      return false;
    }
    uint64_t index = 0;
    for (uint32_t step = 0; step < entries; ++step) {
      const auto descriptor = memory_.Read<vring_desc>(reference.addr + 16 * index);
      if (!descriptor || (descriptor->flags & abi::VRING_DESC_F_INDIRECT) != 0 ||
          !Add(*descriptor)) {
        return false;
      }
      if ((descriptor->flags & abi::VRING_DESC_F_NEXT) == 0) {
        return true;
      }
      index = descriptor->next;
      if (index >= entries) {
        return false;
      }
    }
    return false;
  }

  bool Add(const vring_desc& descriptor) {
    const bool writable = (descriptor.flags & abi::VRING_DESC_F_WRITE) != 0;
    if (!writable && !buffers_.writable.empty()) {
      return false;
    }
    auto& bytes = writable ? buffers_.writable : buffers_.readable;
    for (uint64_t i = 0; i < descriptor.len; ++i) {
      const std::byte* place = memory_.Find(descriptor.addr + i);
      if (place == nullptr) {
        return false;
      }
      bytes.push_back(place);
    }
    // What is too much for this walk is nothing that the other one has to agree on.
    too_long_ = too_long_ || bytes.size() > kMostBytes;
    return !too_long_;
  }

  const FuzzedMemory& memory_;
  const uint64_t table_;
  const uint16_t size_;
  const bool indirect_;
  bool too_long_ = false;
  Buffers buffers_;
};

bool AreSame(memory::SegmentList& list, const std::vector<const std::byte*>& wanted) {
  size_t at = 0;
  for (const iovec& segment : list.segments()) {
    const auto* start = static_cast<const std::byte*>(segment.iov_base);
    for (size_t i = 0; i < segment.iov_len; ++i, ++at) {
      if (at >= wanted.size() || wanted[at] != start + i) {
        return false;
      }
    }
  }
  return at == wanted.size() && list.bytes() == wanted.size();
}

class RingUnderTest {
 public:
  explicit RingUnderTest(Input& input)
      : input_(input),
        memory_(input),
        size_(static_cast<uint16_t>(1u << input.Below(9))),
        indirect_(input.Below(4) != 0),
        base_(input.Take<uint16_t>()) {}

  void Run() {
    Write(kAvailable + 2, base_);
    Fill();
    Map();
    for (int i = 0; ring_ && i < kMostSteps && !input_.empty(); ++i) {
      Step();
    }
  }

 private:
  void Map() {
    const bool odd = input_.Below(32) == 0;
    const auto at = [&](uint64_t offset) {
      return memory::FrontendVirtAddr{FuzzedMemory::kFrontendBase + offset +
                                      (odd ? input_.Take<uint16_t>() : 0)};
    };
    ring_ = SplitRing::Map({.size = size_,
                            .descriptors = at(0),
                            .available = at(kAvailable),
                            .used = at(kUsed),
                            .event_idx = input_.Below(2) == 0,
                            .indirect = indirect_},
                           memory_.memory(), base_);
    Require(ring_ || odd, "a ring that lies where it should is accepted");
    if (odd) {
      // The second walk does not know where it lies.
      ring_.reset();
    }
  }

  void Step() {
    switch (input_.Below(11)) {
      case 0:
      case 1:
      case 2:
        Take();
        break;
      case 3:
        ring_->PutUsed(input_.Take<uint16_t>(), input_.Take<uint32_t>());
        break;
      case 4:
        static_cast<void>(ring_->TakeCallDecision());
        break;
      case 5:
        ring_->EnableKicks();
        break;
      case 6:
        static_cast<void>(ring_->EnableKicksAfter(input_.Take<uint16_t>()));
        ring_->DisableKicks();
        break;
      case 7:
        Offer();
        break;
      case 8:
        // Near the most that can wait, on either side of it.
        Write(kAvailable + 2,
              static_cast<uint16_t>(ring_->available_base() + size_ - 2 + input_.Below(5)));
        break;
      default:
        Fill();
        break;
    }
  }

  void Take() {
    const uint16_t next = ring_->available_base();
    const auto waiting = static_cast<uint16_t>(AvailableIndex() - next);
    RingError error = RingError::kNone;
    const SplitRing::Taken taken = ring_->Take(chain_, error);
    Require((taken == SplitRing::Taken::kBroken) == (error != RingError::kNone),
            "a broken ring has a reason");
    if (taken == SplitRing::Taken::kNothing) {
      Require(waiting == 0, "what waits is taken");
      return;
    }
    if (error == RingError::kAvailIndexJump) {
      Require(waiting > size_, "an index has jumped");
      ring_.reset();
      return;
    }
    const auto head =
        memory_.Read<uint16_t>(memory_.begin() + kAvailable + 4 + (next % size_) * 2u);
    SlowWalk walk(memory_, memory_.begin(), size_, indirect_);
    const auto wanted = walk.Follow(*head);
    if (taken == SplitRing::Taken::kBroken) {
      const bool is_long = error == RingError::kChainTooLong;
      Require(!wanted || is_long || walk.too_long(), vring::Describe(error));
      ring_.reset();
      return;
    }
    Require(chain_.head == *head, "the head is the one that was offered");
    if (!walk.too_long()) {
      Require(wanted.has_value(), "the chain is as it should be");
      Require(AreSame(chain_.readable, wanted->readable), "the readable bytes are those described");
      Require(AreSame(chain_.writable, wanted->writable), "the writable bytes are those described");
    }
    Require(ring_->available_base() == static_cast<uint16_t>(next + 1), "one chain was taken");
  }

  uint16_t AvailableIndex() const {
    return *memory_.Read<uint16_t>(memory_.begin() + kAvailable + 2);
  }

  void Offer() {
    const uint16_t index = AvailableIndex();
    const uint16_t head =
        input_.Below(8) == 0 ? input_.Take<uint16_t>() : static_cast<uint16_t>(input_.Below(size_));
    Write(kAvailable + 4 + (index % size_) * 2u, head);
    Write(kAvailable + 2, static_cast<uint16_t>(index + 1));
  }

  /** Descriptors that lead into memory, mostly, or any bytes anywhere. */
  void Fill() {
    if (input_.Below(4) == 0) {
      const uint64_t at = memory_.begin() + input_.Below(0x9000);
      memory_.Write(at, input_.Bytes(input_.Take<uint8_t>()));
      return;
    }
    const bool in_table = input_.Below(2) == 0;
    const uint64_t place =
        in_table ? 16 * uint64_t{input_.Below(size_)} : 0xb000 + 16 * uint64_t{input_.Below(64)};
    for (uint32_t count = 1 + input_.Below(6), i = 0; i < count; ++i) {
      Write(place + 16 * i, SomeDescriptor());
    }
  }

  vring_desc SomeDescriptor() {
    const uint64_t span = memory_.end() - memory_.begin();
    vring_desc descriptor = {
        .addr = memory_.begin() + input_.Take<uint32_t>() % (span + 16),
        .len = input_.Below(4) == 0 ? input_.Take<uint32_t>() % (1 << 18) : input_.Below(300),
        .flags = static_cast<uint16_t>(input_.Below(4)),
        .next = static_cast<uint16_t>(input_.Below(size_ + 1u))};
    if (input_.Below(4) == 0) {
      // A table, in the place where Fill() writes such.
      descriptor = {.addr = memory_.begin() + 0xb000 + 16 * uint64_t{input_.Below(64)},
                    .len = 16 * input_.Below(80),
                    .flags = abi::VRING_DESC_F_INDIRECT,
                    .next = 0};
    } else if (input_.Below(16) == 0) {
      descriptor.addr = input_.Take<uint64_t>();
    }
    return descriptor;
  }

  template <typename T>
  void Write(uint64_t offset, const T& value) {
    memory_.Write(memory_.begin() + offset, std::as_bytes(std::span(&value, 1)));
  }

  Input& input_;
  FuzzedMemory memory_;
  const uint16_t size_;
  const bool indirect_;
  const uint16_t base_;
  std::optional<SplitRing> ring_;
  DescriptorChain chain_;
};

}  // namespace
}  // namespace vfsd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vfsd::fuzz::Input input(data, size);
  vfsd::fuzz::RingUnderTest(input).Run();
  return 0;
}
