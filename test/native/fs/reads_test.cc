// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "host_calls.h"
#include "memory/segments.h"
#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;

/** Contents that are nowhere alike. */
std::string ContentOf(size_t size) {
  std::string content(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    content[i] = static_cast<char>(i * 7 + i / 251);
  }
  return content;
}

class Reads : public testing::ServedDirectory {
 protected:
  /** A file of the host; in no cache. */
  void Make(size_t size) {
    std::ofstream(PathOf("file"), std::ios::binary) << ContentOf(size);
    const UniqueFd file(open(PathOf("file").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(fsync(file.get()), 0);
    EXPECT_EQ(posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
    node_ = NodeId{fs_->Lookup(context_, kRootNode, NameOf("file"))->nodeid};
    const auto opened = fs_->Open(context_, node_, {O_RDONLY, 0});
    ASSERT_TRUE(opened.ok());
    handle_ = opened->fh;
  }

  /** READ into pieces of memory that do not lie side by side. */
  std::string Read(uint64_t offset, size_t size, size_t piece) {
    std::vector<std::byte> memory(size * 2 + piece);
    memory::SegmentList list;
    for (size_t at = 0; at < size; at += piece) {
      list.Add({memory.data() + at * 2, std::min(piece, size - at)});
    }
    memory::SegmentCursor to(list);
    testing::host_calls = {};
    const Status read =
        fs_->Read(context_, node_,
                  {.fh = handle_, .offset = offset, .size = static_cast<uint32_t>(size)}, to);
    EXPECT_TRUE(read.ok());
    std::string content;
    for (size_t at = 0; at < to.consumed(); ++at) {
      content += static_cast<char>(memory[at / piece * piece * 2 + at % piece]);
    }
    return content;
  }

  /** Whether this file system says of a read whether it would have to wait. */
  bool SaysWhatIsCached() const {
    const UniqueFd file(open(PathOf("file").c_str(), O_RDONLY | O_CLOEXEC));
    char byte;
    iovec one = {&byte, 1};
    return !TraitsOf(file.get()).in_memory && preadv2(file.get(), &one, 1, 0, RWF_NOWAIT) == 1;
  }

  NodeId node_{};
  uint64_t handle_ = 0;
};

class ReadsOfSize : public Reads, public ::testing::WithParamInterface<size_t> {};

TEST_P(ReadsOfSize, WhatIsReadIsWhatIsThere) {
  const size_t size = GetParam();
  const std::string content = ContentOf(size);
  for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, uint64_t{512}, uint64_t{4096}}) {
    const std::string rest = offset < size ? content.substr(offset) : "";
    for (const size_t wanted : {size_t{4096}, size_t{16384}}) {
      Make(size);
      EXPECT_EQ(Read(offset, wanted, 4096), rest.substr(0, wanted)) << "not cached: " << offset;
      EXPECT_EQ(Read(offset, wanted, 1000), rest.substr(0, wanted)) << "cached: " << offset;
    }
  }
}

TEST_P(ReadsOfSize, TheEndWithinABlockIsSeenByOneCall) {
  Make(GetParam());
  const std::string content = Read(0, 16384, 4096);
  if (!SaysWhatIsCached()) {
    GTEST_SKIP() << "what /tmp's file system caches cannot be asked";
  }
  EXPECT_EQ(Read(0, 16384, 4096), content);
  // At a block's end it might be the rest that is not cached.
  EXPECT_EQ(testing::host_calls.preadv2, content.size() % 512 == 0 ? 2 : 1);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ReadsOfSize,
                         ::testing::Values(1, 511, 512, 513, 1024, 4095, 4096, 4097, 8191, 8192,
                                           8193, 12300));

TEST_F(Reads, MemoryThatIsMissingIsNotTheEndOfTheFile) {
  constexpr size_t kPage = 4096;
  Make(3 * kPage);
  auto* const memory = static_cast<std::byte*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + kPage, kPage, PROT_NONE), 0);
  for (int times = 0; times < 2; ++times) {
    memory::SegmentList list;
    list.Add({memory + 100, 2 * kPage - 100});
    memory::SegmentCursor to(list);
    const Status read =
        fs_->Read(context_, node_,
                  {.fh = handle_, .offset = 0, .size = static_cast<uint32_t>(2 * kPage - 100)}, to);
    EXPECT_EQ(read.ok() ? 0 : read.error().value(), EFAULT);
  }
  munmap(memory, 2 * kPage);
}

TEST_F(Reads, PiecesThatTakeSeveralCallsAreAllRead) {
  const std::string content = ContentOf(5000);
  Make(content.size());
  // More pieces than one call takes: it ends within a block, which is not the file's end.
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(Read(1, 4500, 3), content.substr(1, 4500));
    EXPECT_GE(testing::host_calls.preadv2, 2);
  }
}

}  // namespace
}  // namespace vfsd::fs::passthrough
