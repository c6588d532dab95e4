// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "input.h"
#include "memory/segments.h"

namespace vfsd::fuzz {

/** Bytes in several pieces, each an allocation of its own: a sanitizer sees every step beyond one.
 */
class Pieces {
 public:
  /** @param cuts how long the first pieces are; the last one takes what is left */
  Pieces(std::span<const std::byte> bytes, std::span<const std::byte> cuts) {
    for (const std::byte cut : cuts) {
      const size_t size = std::min(static_cast<size_t>(cut), bytes.size());
      Add(bytes.first(size));
      bytes = bytes.subspan(size);
    }
    Add(bytes);
  }

  void FillIn(memory::SegmentList& list) const {
    list.Clear();
    for (const Piece& piece : pieces_) {
      Require(list.Add({piece.bytes.get(), piece.size}), "so few pieces fit");
    }
  }

  std::vector<std::byte> Together() const {
    std::vector<std::byte> all;
    for (const Piece& piece : pieces_) {
      all.insert(all.end(), piece.bytes.get(), piece.bytes.get() + piece.size);
    }
    return all;
  }

 private:
  struct Piece {
    std::unique_ptr<std::byte[]> bytes;
    size_t size;
  };

  void Add(std::span<const std::byte> bytes) {
    if (bytes.empty()) {
      return;
    }
    auto copy = std::make_unique<std::byte[]>(bytes.size());
    std::ranges::copy(bytes, copy.get());
    pieces_.push_back({std::move(copy), bytes.size()});
  }

  std::vector<Piece> pieces_;
};

}  // namespace vfsd::fuzz
