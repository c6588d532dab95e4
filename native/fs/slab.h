// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace vfsd::fs {

/**
 * Objects that the guest names by number. A number is a slot and the slot's generation, so that a
 * forged or stale one finds nothing, and finding needs neither a lock nor a search. The first
 * object gets number 1.
 *
 * An object lives as long as it is listed or somebody holds a reference; what is unlisted cannot be
 * found any more. All methods may be called by any thread.
 */
template <typename T>
class Slab {
  struct Slot;

 public:
  /** Keeps an object alive while a request works with it. */
  class Ref {
   public:
    Ref() = default;
    Ref(Ref&& other) noexcept
        : slab_(std::exchange(other.slab_, nullptr)), slot_(other.slot_), id_(other.id_) {}
    Ref& operator=(Ref&& other) noexcept {
      std::swap(slab_, other.slab_);
      std::swap(slot_, other.slot_);
      std::swap(id_, other.id_);
      return *this;
    }
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() {
      if (slab_ != nullptr) {
        slab_->Release(*slot_, id_);
      }
    }

    explicit operator bool() const { return slab_ != nullptr; }
    uint64_t id() const { return id_; }
    T& operator*() const { return slot_->object; }
    T* operator->() const { return &slot_->object; }

   private:
    friend class Slab;
    Ref(Slab& slab, Slot& slot, uint64_t id) : slab_(&slab), slot_(&slot), id_(id) {}

    Slab* slab_ = nullptr;
    Slot* slot_ = nullptr;
    uint64_t id_ = 0;
  };

  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  /** Precondition: nobody holds a reference. */
  ~Slab() {
    UnlistAll([](const T&) { return true; });
  }

  /** Lists an object; nothing when all slots are taken. */
  std::optional<uint64_t> Insert(T&& object) {
    const std::optional<uint32_t> index = TakeFreeSlot();
    if (!index) {
      return std::nullopt;
    }
    Slot& slot = SlotAt(*index);
    std::construct_at(&slot.object, std::move(object));
    const uint64_t generation = slot.state.load(std::memory_order_relaxed) & kGenerationMask;
    // Release: whoever finds the slot listed sees the object.
    slot.state.store(generation | kListed, std::memory_order_release);
    return generation | *index;
  }

  /** The object of that number; an empty reference when there is none. */
  Ref Find(uint64_t id) {
    const auto index = static_cast<uint32_t>(id);
    if (!HasSlot(index)) {
      return {};
    }
    Slot& slot = SlotAt(index);
    const uint64_t wanted = (id & kGenerationMask) | kListed;
    uint64_t state = slot.state.load(std::memory_order_acquire);
    do {
      while ((state & (kGenerationMask | kListed | kExcluded)) != wanted) {
        if ((state & (kGenerationMask | kListed)) != wanted) {
          return {};
        }
        // Excluded, which lasts for a few instructions.
        std::this_thread::yield();
        state = slot.state.load(std::memory_order_acquire);
      }
    } while (!slot.state.compare_exchange_weak(state, (state | kTouched) + 1,
                                               std::memory_order_acquire));
    return Ref(*this, slot, id);
  }

  /**
   * The object of that number if nobody holds a reference and nobody has found it since this was
   * asked last: the second chance of what is in use now and then.
   */
  Ref FindIdle(uint64_t id) {
    const auto index = static_cast<uint32_t>(id);
    if (!HasSlot(index)) {
      return {};
    }
    Slot& slot = SlotAt(index);
    const uint64_t idle = (id & kGenerationMask) | kListed;
    uint64_t state = idle;
    if (slot.state.compare_exchange_strong(state, idle + 1, std::memory_order_acquire)) {
      return Ref(*this, slot, id);
    }
    while ((state & ~kReferences) == (idle | kTouched) &&
           !slot.state.compare_exchange_weak(state, state & ~kTouched, std::memory_order_relaxed)) {
    }
    return {};
  }

  /** Whether the number finds something, at this moment. */
  bool Lists(uint64_t id) {
    const auto index = static_cast<uint32_t>(id);
    return HasSlot(index) && (SlotAt(index).state.load(std::memory_order_acquire) &
                              (kGenerationMask | kListed)) == ((id & kGenerationMask) | kListed);
  }

  /** Counts as finding the object, for FindIdle. The same precondition as At. */
  void Touch(uint64_t id) {
    std::atomic<uint64_t>& state = SlotAt(static_cast<uint32_t>(id)).state;
    // Mostly it is marked already, and a mark costs more than a look.
    if ((state.load(std::memory_order_relaxed) & kTouched) == 0) {
      state.fetch_or(kTouched, std::memory_order_relaxed);
    }
  }

  /** Precondition: the number finds something, and the caller prevents that it is unlisted. */
  T& At(uint64_t id) { return SlotAt(static_cast<uint32_t>(id)).object; }

  /**
   * Runs `change` on the object while nobody else has it: Find waits, so that it has to be short.
   * False, and nothing done, when there is another reference or has been one since FindIdle.
   */
  template <typename Change>
  bool ChangeAlone(const Ref& idle, Change change) {
    std::atomic<uint64_t>& state = idle.slot_->state;
    uint64_t alone = (idle.id_ & kGenerationMask) | kListed | 1;
    if (!state.compare_exchange_strong(alone, alone | kExcluded, std::memory_order_acquire)) {
      return false;
    }
    change(*idle);
    state.fetch_and(~kExcluded, std::memory_order_release);
    return true;
  }

  /** Unlists the object; false when it was not listed. It ends when the last reference to it does.
   */
  bool Unlist(const Ref& ref) {
    return (ref.slot_->state.fetch_and(~kListed, std::memory_order_acq_rel) & kListed) != 0;
  }

  /** Unlists every object for which `chosen` is true. */
  template <typename Chosen>
  void UnlistAll(Chosen chosen) {
    const uint32_t slots = slots_.load(std::memory_order_acquire);
    for (uint32_t index = kFirst; index < slots; ++index) {
      const uint64_t state = SlotAt(index).state.load(std::memory_order_acquire);
      if ((state & kListed) == 0) {
        continue;
      }
      Ref ref = Find((state & kGenerationMask) | index);
      if (ref && chosen(*ref)) {
        Unlist(ref);
      }
    }
  }

 private:
  // A slot's state: generation (32 bits) | listed | touched | excluded | references (29 bits).
  static constexpr uint64_t kGenerationMask = 0xffff'ffff'0000'0000;
  static constexpr uint64_t kOneGeneration = 1ull << 32;
  static constexpr uint64_t kListed = 1ull << 31;
  static constexpr uint64_t kTouched = 1ull << 30;
  static constexpr uint64_t kExcluded = 1ull << 29;
  static constexpr uint64_t kReferences = kExcluded - 1;

  static constexpr uint32_t kFirst = 1;
  static constexpr uint32_t kChunkSlots = 1024;
  static constexpr uint32_t kMaxChunks = 32 * 1024;

  struct Slot {
    std::atomic<uint64_t> state = 0;
    union {
      T object;
    };
    Slot() {}   // NOLINT(modernize-use-equals-default): the object is made and ended by hand
    ~Slot() {}  // NOLINT(modernize-use-equals-default)
  };

  // Number 0 is nobody's, and before the first object there is not even a chunk for it.
  bool HasSlot(uint32_t index) const {
    return index >= kFirst && index < slots_.load(std::memory_order_acquire);
  }

  Slot& SlotAt(uint32_t index) { return chunks_[index / kChunkSlots][index % kChunkSlots]; }

  std::optional<uint32_t> TakeFreeSlot() {
    const std::scoped_lock lock(free_lock_);
    if (!free_.empty()) {
      const uint32_t index = free_.back();
      free_.pop_back();
      return index;
    }
    const uint32_t index = slots_.load(std::memory_order_relaxed);
    if (index / kChunkSlots >= kMaxChunks) {
      return std::nullopt;
    }
    if (chunks_[index / kChunkSlots] == nullptr) {
      chunks_[index / kChunkSlots] = std::make_unique<Slot[]>(kChunkSlots);
    }
    // Release: a number below `slots_` has its chunk.
    slots_.store(index + 1, std::memory_order_release);
    return index;
  }

  void Release(Slot& slot, uint64_t id) {
    const uint64_t before = slot.state.fetch_sub(1, std::memory_order_acq_rel);
    if ((before & (kListed | kReferences)) == 1) {
      std::destroy_at(&slot.object);
      slot.state.store((before & kGenerationMask) + kOneGeneration, std::memory_order_release);
      const std::scoped_lock lock(free_lock_);
      free_.push_back(static_cast<uint32_t>(id));
    }
  }

  std::atomic<uint32_t> slots_ = kFirst;
  // A leaf lock: nothing else is taken under it.
  std::mutex free_lock_;
  std::vector<uint32_t> free_;
  // Written under the lock, each entry once; read by those who know of a slot in it.
  std::unique_ptr<std::unique_ptr<Slot[]>[]> chunks_ =
      std::make_unique<std::unique_ptr<Slot[]>[]>(kMaxChunks);
};

}  // namespace vfsd::fs
