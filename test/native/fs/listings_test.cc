// SPDX-License-Identifier: Apache-2.0

// Many listings of directories at a time.

#include <sys/stat.h>

#include <array>
#include <cstring>
#include <set>
#include <string>

#include "fuse/dirent_writer.h"
#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::FileHandle;
using fuse::kRootNode;

class Listings : public testing::ServedDirectory {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Begin({.guest_fd_limit = 2000}).ok());
    for (int i = 0; i < kNames; ++i) {
      ASSERT_EQ(mkfifo(PathOf("name-" + std::to_string(i)).c_str(), 0600), 0);
    }
  }

  FileHandle OpenRoot() {
    const auto open = fs_->OpenDir(context_, kRootNode);
    EXPECT_TRUE(open.ok());
    return FileHandle{open ? open->fh : 0};
  }

  /** Adds the names of one reply; moves `offset` behind the last. False at the end. */
  bool Read(FileHandle handle, uint64_t& offset, std::multiset<std::string>& names) {
    alignas(8) std::array<std::byte, 1024> room;
    memory::SegmentList list;
    EXPECT_TRUE(list.Add(room));
    memory::SegmentCursor cursor(list);
    fuse::DirentWriter out(cursor, room.size(), false);
    const Status listed = fs_->ReadDir(context_, kRootNode, handle, offset, out);
    EXPECT_TRUE(listed.ok()) << (listed ? 0 : listed.error().value());
    const size_t length = room.size() - cursor.remaining();
    for (size_t at = 0; at < length;) {
      abi::fuse_dirent entry;
      constexpr size_t kNameOffset = sizeof entry;
      std::memcpy(&entry, room.data() + at, sizeof entry);
      names.emplace(reinterpret_cast<const char*>(room.data() + at + kNameOffset), entry.namelen);
      offset = entry.off;
      at += (kNameOffset + entry.namelen + 7) / 8 * 8;
    }
    return length > 0;
  }

  static constexpr int kNames = 100;
};

TEST_F(Listings, ADirectoryCanBeListedWhateverNumberOfListingsIsInProgress) {
  for (int i = 0; i < 1024; ++i) {
    uint64_t offset = 0;
    std::multiset<std::string> names;
    ASSERT_TRUE(Read(OpenRoot(), offset, names));
  }
  const FileHandle handle = OpenRoot();
  uint64_t offset = 0;
  std::multiset<std::string> names;
  while (Read(handle, offset, names)) {
  }
  EXPECT_EQ(names.size(), kNames + 2u) << "each once, and . and ..";
  for (int i = 0; i < kNames; ++i) {
    EXPECT_EQ(names.count("name-" + std::to_string(i)), 1u);
  }
}

}  // namespace
}  // namespace vfsd::fs::passthrough
