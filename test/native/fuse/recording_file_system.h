// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fuse/file_system.h"

namespace vfsd::testing {

/** Notes what the decoder makes of a request, and answers with little. */
class RecordingFileSystem final : public fuse::FileSystem {
 public:
  std::vector<std::string> names;
  std::vector<std::pair<uint64_t, uint64_t>> forgotten;
  int resets = 0;
  std::string written;
  uint64_t read_room = 0;

  void Reset() override { ++resets; }
  Result<abi::fuse_entry_out> Lookup(fuse::RequestContext&, fuse::NodeId,
                                     const fuse::Name& name) override {
    names.emplace_back(name.view());
    return abi::fuse_entry_out{.nodeid = 7};
  }
  void Forget(fuse::NodeId node, uint64_t nlookup) override {
    forgotten.emplace_back(static_cast<uint64_t>(node), nlookup);
  }
  Result<abi::fuse_attr_out> GetAttr(fuse::RequestContext&, fuse::NodeId) override {
    return abi::fuse_attr_out{};
  }
  Status Rename(fuse::RequestContext&, fuse::NodeId, const fuse::Name& name, fuse::NodeId,
                const fuse::Name& new_name, uint32_t) override {
    names.emplace_back(name.view());
    names.emplace_back(new_name.view());
    return {};
  }
  Result<abi::fuse_entry_out> Symlink(fuse::RequestContext&, fuse::NodeId, const fuse::Name& name,
                                      const char* target, const fuse::NewObject&) override {
    names.emplace_back(name.view());
    names.emplace_back(target);
    return abi::fuse_entry_out{};
  }
  Status Read(fuse::RequestContext&, fuse::NodeId, const abi::fuse_read_in&,
              memory::SegmentCursor& to) override {
    read_room = to.remaining();
    to.Write("abc", 3);
    return {};
  }
  Result<size_t> Write(fuse::RequestContext&, fuse::NodeId, const abi::fuse_write_in&,
                       memory::SegmentCursor& from) override {
    written.resize(from.remaining());
    from.Read(written.data(), written.size());
    return written.size();
  }
  Result<size_t> GetXattr(fuse::RequestContext&, fuse::NodeId, const char*,
                          std::span<std::byte> value) override {
    return value.empty() ? 5 : value.size();
  }
};

}  // namespace vfsd::testing
