// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/xattr.h>

#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "../served_directory.h"
#include "fs/mapped/mapped_file.h"
#include "fs/mapped/mapped_xattr.h"

namespace vfsd::testing {

enum class Model { kXattr, kFile };

/** A directory served by a mapped model. The caller is the guest's root unless a test says else. */
class MappedDirectory : public ServedDirectory {
 protected:
  void Map(Model model, fs::mapped::Options options = {.xattr = true},
           fs::passthrough::Options host = {.xattr = true}) {
    Serve(host);
    const auto identity = identity::ProcessIdentity::OfCallingThread();
    if (model == Model::kXattr) {
      mapped_ = std::make_unique<fs::mapped::MappedXattr>(*fs_, options, identity);
    } else {
      mapped_ = std::make_unique<fs::mapped::MappedFile>(*fs_, options, identity);
    }
    context_.negotiated = abi::FUSE_POSIX_ACL | abi::FUSE_HANDLE_KILLPRIV_V2;
  }

  using NodeId = fuse::NodeId;

  abi::fuse_attr Look(const std::string& name, NodeId parent = fuse::kRootNode) {
    const auto entry = mapped_->Lookup(context_, parent, NameOf(name));
    EXPECT_TRUE(entry.ok()) << name;
    return entry ? entry->attr : abi::fuse_attr{};
  }
  NodeId NodeOf(const std::string& name, NodeId parent = fuse::kRootNode) {
    const auto entry = mapped_->Lookup(context_, parent, NameOf(name));
    EXPECT_TRUE(entry.ok()) << name;
    return NodeId{entry ? entry->nodeid : 0};
  }
  NodeId MakeDirectory(const std::string& name, uint32_t mode, NodeId parent = fuse::kRootNode) {
    const auto made = mapped_->MkDir(context_, parent, NameOf(name), {.mode = mode});
    EXPECT_TRUE(made.ok()) << name;
    return NodeId{made ? made->nodeid : 0};
  }
  NodeId MakeFile(const std::string& name, uint32_t mode, NodeId parent = fuse::kRootNode) {
    const auto made = mapped_->MkNod(context_, parent, NameOf(name), {.mode = S_IFREG | mode}, 0);
    EXPECT_TRUE(made.ok()) << name;
    return NodeId{made ? made->nodeid : 0};
  }
  Status SetAttr(NodeId node, const abi::fuse_setattr_in& in) {
    const auto set = mapped_->SetAttr(context_, node, in);
    return set ? Status() : set.error();
  }
  Status Chmod(NodeId node, uint32_t mode) {
    return SetAttr(node, {.valid = abi::FATTR_MODE, .mode = mode});
  }
  Status Chown(NodeId node, uint32_t uid, uint32_t gid) {
    return SetAttr(node, {.valid = abi::FATTR_UID | abi::FATTR_GID, .uid = uid, .gid = gid});
  }
  uint32_t GuestMode(NodeId node) {
    const auto attributes = mapped_->GetAttr(context_, node);
    EXPECT_TRUE(attributes.ok());
    return attributes ? attributes->attr.mode : 0;
  }

  /** An extended attribute on the host; nothing: there is none. */
  std::string HostXattr(const std::string& name, const char* attribute) const {
    std::array<char, 4096> value;
    const ssize_t length = lgetxattr(PathOf(name).c_str(), attribute, value.data(), value.size());
    return {value.data(), length < 0 ? 0 : static_cast<size_t>(length)};
  }
  void SetHostXattr(const std::string& name, const char* attribute, std::string_view value) const {
    ASSERT_EQ(lsetxattr(PathOf(name).c_str(), attribute, value.data(), value.size(), 0), 0)
        << strerror(errno);
  }
  std::string HostText(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(PathOf(name)).rdbuf();
    return text.str();
  }
  void WriteHost(const std::string& name, std::string_view text) const {
    std::ofstream(PathOf(name)) << text;
    ASSERT_EQ(chmod(PathOf(name).c_str(), 0600), 0);
  }

  /** What a listing has, as `name type`, in any order. */
  std::vector<std::pair<std::string, uint32_t>> List(bool plus,
                                                     NodeId directory = fuse::kRootNode) {
    const auto opened = mapped_->OpenDir(context_, directory);
    EXPECT_TRUE(opened.ok());
    std::vector<std::byte> reply(32768);
    iovec piece = {reply.data(), reply.size()};
    memory::SegmentCursor out(piece);
    fuse::DirentWriter writer(out, static_cast<uint32_t>(reply.size()), plus);
    EXPECT_TRUE(
        mapped_->ReadDir(context_, directory, fuse::FileHandle{opened->fh}, 0, writer).ok());
    std::vector<std::pair<std::string, uint32_t>> listed;
    for (size_t at = 0; at < out.consumed();) {
      at += plus ? sizeof(abi::fuse_entry_out) : 0;
      abi::fuse_dirent dirent;
      std::memcpy(&dirent, &reply[at], sizeof dirent);
      const std::string name(reinterpret_cast<char*>(&reply[at + sizeof dirent]), dirent.namelen);
      if (name != "." && name != "..") {
        listed.emplace_back(name, dirent.type);
      }
      at += (sizeof dirent + dirent.namelen + 7) / 8 * 8;
    }
    EXPECT_TRUE(mapped_->ReleaseDir(context_, directory, fuse::FileHandle{opened->fh}).ok());
    return listed;
  }

  std::unique_ptr<fs::mapped::Mapped> mapped_;
};

}  // namespace vfsd::testing
