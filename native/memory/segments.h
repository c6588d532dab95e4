// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace vfsd::memory {

/**
 * A list of host memory pieces, with its room allocated once. Neighbouring pieces are joined, so
 * that a buffer of 256 pages that lie side by side costs the kernel one segment.
 */
class SegmentList {
 public:
  /** The longest chain has 1024 descriptors; the rest is for buffers that straddle memory regions.
   */
  static constexpr size_t kCapacity = 1536;

  SegmentList() : segments_(std::make_unique<iovec[]>(kCapacity)) {}

  void Clear() {
    count_ = 0;
    bytes_ = 0;
  }

  /** False when the list is full. */
  bool Add(std::span<std::byte> piece) {
    if (count_ > 0) {
      iovec& last = segments_[count_ - 1];
      if (static_cast<std::byte*>(last.iov_base) + last.iov_len == piece.data()) {
        last.iov_len += piece.size();
        bytes_ += piece.size();
        return true;
      }
    }
    if (count_ == kCapacity) {
      return false;
    }
    segments_[count_++] = {piece.data(), piece.size()};
    bytes_ += piece.size();
    return true;
  }

  std::span<iovec> segments() { return {segments_.get(), count_}; }
  /** Length of all pieces together. */
  uint64_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<iovec[]> segments_;
  size_t count_ = 0;
  uint64_t bytes_ = 0;
};

/**
 * A position in a list of segments, moving forward only: what has been read or written is taken off
 * the front. The segments themselves are changed by it (their base and length move), so that the
 * rest can be handed to a vectored system call as it is.
 *
 * Safety: the memory behind may be changed by the guest at any time. Each byte is read at most once
 * through a cursor, into private memory; writing is harmless.
 */
class SegmentCursor {
 public:
  SegmentCursor() = default;
  explicit SegmentCursor(SegmentList& list) : rest_(list.segments()), remaining_(list.bytes()) {}
  /** Over one piece, which must outlive this. */
  explicit SegmentCursor(iovec& piece) : rest_(&piece, 1), remaining_(piece.iov_len) {}

  uint64_t remaining() const { return remaining_; }

  /** How many bytes have been read, written or skipped so far. */
  uint64_t consumed() const { return consumed_; }

  /** What remains, for a vectored system call; Skip() tells the cursor what the call has done. */
  std::span<const iovec> rest() const { return rest_; }

  /** Gives up what lies beyond the next `limit` bytes. */
  void Limit(uint64_t limit) {
    if (limit < remaining_) {
      Truncate(limit);
    }
  }

  /** Copies out and moves on. False, with nothing done, when fewer bytes remain. */
  bool Read(void* destination, size_t length) {
    if (length > remaining_) {
      return false;
    }
    auto* out = static_cast<std::byte*>(destination);
    Walk(length, [&](void* piece, size_t size) {
      std::memcpy(out, piece, size);
      out += size;
    });
    return true;
  }

  /** Copies in and moves on. False, with nothing done, when there is not enough room. */
  bool Write(const void* source, size_t length) {
    if (length > remaining_) {
      return false;
    }
    const auto* in = static_cast<const std::byte*>(source);
    Walk(length, [&](void* piece, size_t size) {
      std::memcpy(piece, in, size);
      in += size;
    });
    return true;
  }

  /**
   * Moves over `length` bytes if they lie in one piece, and answers where, to be filled in. Null,
   * with nothing done: they do not. Precondition: 0 < length <= remaining().
   */
  std::byte* TakeWhole(size_t length) {
    if (rest_.front().iov_len < length) {
      return nullptr;
    }
    auto* const piece = static_cast<std::byte*>(rest_.front().iov_base);
    Skip(length);
    return piece;
  }

  /** Precondition: length <= remaining(). */
  void Skip(size_t length) {
    Walk(length, [](void*, size_t) {});
  }

  /**
   * Moves over `length` bytes and hands each piece of them to `piece(pointer, size)`, to be filled
   * in later. Precondition: length <= remaining().
   */
  template <typename Piece>
  void Detach(size_t length, Piece piece) {
    Walk(length, piece);
  }

 private:
  template <typename Piece>
  void Walk(size_t length, Piece piece) {
    remaining_ -= length;
    consumed_ += length;
    while (length > 0) {
      iovec& front = rest_.front();
      const size_t size = std::min(length, front.iov_len);
      piece(front.iov_base, size);
      front.iov_base = static_cast<std::byte*>(front.iov_base) + size;
      front.iov_len -= size;
      length -= size;
      if (front.iov_len == 0) {
        rest_ = rest_.subspan(1);
      }
    }
  }

  void Truncate(uint64_t limit) {
    uint64_t kept = 0;
    for (size_t i = 0; i < rest_.size(); ++i) {
      if (kept + rest_[i].iov_len >= limit) {
        rest_[i].iov_len = static_cast<size_t>(limit - kept);
        rest_ = rest_.first(rest_[i].iov_len == 0 ? i : i + 1);
        break;
      }
      kept += rest_[i].iov_len;
    }
    remaining_ = limit;
  }

  std::span<iovec> rest_;
  uint64_t remaining_ = 0;
  uint64_t consumed_ = 0;
};

}  // namespace vfsd::memory
