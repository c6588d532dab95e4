// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "abi/fuse.h"
#include "abi/virtio_ring.h"

namespace vfsd::frontend {

/** How the pages of a request's data lie in guest memory, and how they are described. */
enum class PageLayout : uint8_t {
  /** Side by side, with a descriptor each. */
  kContiguous,
  /** In no order, with a descriptor each, as a guest has them whose memory has been in use. */
  kScattered,
  /** Side by side, and described by one descriptor. */
  kSingle,
};

/**
 * The memory of one request in flight, laid out as Linux does it (fs/fuse/virtio_fs.c): the header,
 * the arguments in one piece, data in pages; the same for the reply; all of it described by an
 * indirect table.
 */
class RequestSlot {
 public:
  static constexpr uint64_t kPage = 4096;
  static constexpr uint64_t kTable = 0;
  static constexpr uint64_t kRequest = 2 * kPage;
  static constexpr uint64_t kReply = 3 * kPage;
  static constexpr uint64_t kData = 4 * kPage;
  static constexpr uint64_t kMaxData = 1 << 20;
  static constexpr uint64_t kSize = kData + kMaxData;

  RequestSlot(uint16_t index, uint64_t guest, std::byte* host)
      : index_(index), guest_(guest), host_(host) {}

  uint16_t index() const { return index_; }

  void Begin(abi::fuse_opcode opcode, uint64_t node) {
    header() = {.opcode = opcode, .unique = ++unique_ << 16 | index_, .nodeid = node};
    arguments_ = 0;
    entries_ = 0;
  }

  /** Whose request it is; without this, the superuser's. */
  void By(uint32_t id) {
    header().uid = id;
    header().gid = id;
  }

  template <typename T>
  void Argument(const T& value) {
    std::memcpy(host_ + kRequest + sizeof(abi::fuse_in_header) + arguments_, &value, sizeof value);
    arguments_ += sizeof value;
  }
  void Name(std::string_view name) {
    std::byte* to = host_ + kRequest + sizeof(abi::fuse_in_header) + arguments_;
    std::memcpy(to, name.data(), name.size());
    to[name.size()] = std::byte{0};
    arguments_ += name.size() + 1;
  }

  /** Ends the request: `sent` and `wanted` bytes of data, and `reply` bytes of other answer. */
  void End(uint64_t sent, uint64_t reply, uint64_t wanted) {
    const uint64_t fixed = sizeof(abi::fuse_in_header);
    header().len = static_cast<uint32_t>(fixed + arguments_ + sent);
    Describe(kRequest, fixed, 0);
    if (arguments_ > 0) {
      Describe(kRequest + fixed, arguments_, 0);
    }
    DescribePages(sent, 0);
    Describe(kReply, sizeof(abi::fuse_out_header), abi::VRING_DESC_F_WRITE);
    if (reply > 0) {
      Describe(kReply + sizeof(abi::fuse_out_header), reply, abi::VRING_DESC_F_WRITE);
    }
    DescribePages(wanted, abi::VRING_DESC_F_WRITE);
    table()[entries_ - 1].flags &= static_cast<uint16_t>(~abi::VRING_DESC_F_NEXT);
  }

  /** A request that nobody answers. */
  void EndWithoutReply() {
    const uint64_t length = sizeof(abi::fuse_in_header) + arguments_;
    header().len = static_cast<uint32_t>(length);
    Describe(kRequest, length, 0);
    table()[0].flags = 0;
  }

  /** The descriptor that goes into the ring. */
  abi::vring_desc Reference() const {
    return {guest_ + kTable, static_cast<uint32_t>(entries_ * sizeof(abi::vring_desc)),
            abi::VRING_DESC_F_INDIRECT, 0};
  }

  void LayPages(PageLayout layout) { layout_ = layout; }

  uint64_t unique() { return header().unique; }
  /** All data. Precondition: the pages are not scattered. */
  std::byte* data() { return host_ + kData; }
  /** The page that holds the data from `index` * kPage on. */
  std::byte* Page(uint64_t index) { return host_ + kData + PlaceOf(index) * kPage; }
  const abi::fuse_out_header& reply_header() const {
    return *reinterpret_cast<const abi::fuse_out_header*>(host_ + kReply);
  }
  template <typename T>
  T Answer(uint64_t offset = 0) const {
    T value;
    std::memcpy(&value, host_ + kReply + sizeof(abi::fuse_out_header) + offset, sizeof value);
    return value;
  }
  /** Makes sure that what is read next was written by this request's answer. */
  void SpoilReply() { std::memset(host_ + kReply, 0xa5, sizeof(abi::fuse_out_header) + 256); }

  // What a workload remembers between the requests of one operation.
  uint32_t step = 0;
  uint64_t started = 0;
  uint64_t node = 0;
  uint64_t handle = 0;
  uint64_t offset = 0;

 private:
  abi::fuse_in_header& header() {
    return *reinterpret_cast<abi::fuse_in_header*>(host_ + kRequest);
  }
  abi::vring_desc* table() { return reinterpret_cast<abi::vring_desc*>(host_ + kTable); }

  void Describe(uint64_t offset, uint64_t length, uint16_t flags) {
    const auto next = static_cast<uint16_t>(entries_ + 1);
    table()[entries_++] = {guest_ + offset, static_cast<uint32_t>(length),
                           static_cast<uint16_t>(flags | abi::VRING_DESC_F_NEXT), next};
  }
  void DescribePages(uint64_t length, uint16_t flags) {
    const uint64_t piece = layout_ == PageLayout::kSingle ? kMaxData : kPage;
    for (uint64_t done = 0; done < length; done += piece) {
      Describe(kData + PlaceOf(done / kPage) * kPage, length - done < piece ? length - done : piece,
               flags);
    }
  }
  uint64_t PlaceOf(uint64_t page) const {
    // An odd factor makes a permutation of the 256 pages in which no two neighbours stay
    // neighbours.
    static_assert(kMaxData / kPage == 256);
    return layout_ == PageLayout::kScattered ? (page * 77 + index_ * 13u) % 256 : page;
  }

  uint16_t index_;
  uint64_t guest_;
  std::byte* host_;
  PageLayout layout_ = PageLayout::kContiguous;
  uint64_t unique_ = 0;
  uint64_t arguments_ = 0;
  uint16_t entries_ = 0;
};

}  // namespace vfsd::frontend
