// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "fs/passthrough/passthrough.h"
#include "fs/passthrough/submounts.h"

namespace vfsd::fs::passthrough {

using fuse::DirentWriter;
using fuse::FileHandle;
using fuse::NodeId;
using fuse::RequestContext;

namespace {

/** What getdents64(2) fills in; glibc's dirent64 has the same layout but an array that ends too
 * early. */
struct HostDirent {
  uint64_t d_ino;
  int64_t d_off;
  uint16_t d_reclen;
  uint8_t d_type;
};
constexpr size_t kNameOffset = offsetof(HostDirent, d_type) + 1;

struct HostEntry {
  HostDirent fixed;
  std::string_view name;
};

HostEntry EntryAt(const std::byte* bytes) {
  HostEntry entry;
  std::memcpy(&entry.fixed, bytes, sizeof entry.fixed);
  entry.name = reinterpret_cast<const char*>(bytes + kNameOffset);
  return entry;
}

// Where no listing stands: what comes next begins with a seek.
constexpr uint64_t kNowhere = std::numeric_limits<uint64_t>::max();

bool IsDot(std::string_view name) {
  return name == "." || name == "..";
}

}  // namespace

Result<abi::fuse_open_out> Passthrough::OpenDir(RequestContext& context, NodeId node) {
  // First, since an inode in use does not give its own share.
  FdBudget::Share share = TakeShare();
  const Result<InodeRef> inode = FindDirectory(context, node);
  if (!inode) {
    return inode.error();
  }
  if (!share) {
    return Errno(EMFILE);
  }
  Result<UniqueFd> directory = Reopen((*inode)->fd.get(), O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!directory) {
    return directory.error();
  }
  const auto handle =
      directories_.Insert({node, std::move(*directory), (*inode)->mount, std::move(share)});
  if (!handle) {
    return Errno(ENFILE);
  }
  const uint32_t flags =
      options_.cache == fuse::CacheMode::kAlways ? abi::FOPEN_CACHE_DIR | abi::FOPEN_KEEP_CACHE : 0;
  return abi::fuse_open_out{static_cast<uint64_t>(*handle), flags, 0};
}

bool Passthrough::KeepsEntries(OpenDirectory::Listing& listing) {
  if (listing.entries != nullptr) {
    return true;
  }
  if (listings_.fetch_add(1, std::memory_order_relaxed) >= kMaxListings) {
    listings_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  listing.entries = std::make_unique_for_overwrite<std::byte[]>(kListingSize);
  listing.held = &listings_;
  return true;
}

Status Passthrough::SeekListing(OpenDirectory& directory, uint64_t offset) {
  OpenDirectory::Listing& listing = *directory.listing;
  if (offset != listing.offset || offset == kNowhere) {
    const auto moved =
        Retry([&] { return lseek(directory.fd.get(), static_cast<off_t>(offset), SEEK_SET); });
    if (!moved) {
      return moved.error();
    }
    listing.offset = offset;
    listing.next = listing.end = 0;
  }
  return {};
}

Result<bool> Passthrough::FillListing(OpenDirectory& directory, Entries entries) {
  OpenDirectory::Listing& listing = *directory.listing;
  if (listing.next < listing.end) {
    return true;
  }
  const auto length = Retry(
      [&] { return syscall(SYS_getdents64, directory.fd.get(), entries.data(), entries.size()); });
  if (!length) {
    return length.error();
  }
  listing.next = 0;
  listing.end = static_cast<size_t>(*length);
  return listing.end > 0;
}

Status Passthrough::ReadDir(RequestContext& context, NodeId node, FileHandle handle,
                            uint64_t offset, DirentWriter& out) {
  const Result<DirectoryRef> found = directories_.Find(node, handle);
  if (!found) {
    return found.error();
  }
  OpenDirectory& directory = **found;
  HandOverToServer(context, directory.mount->traits);
  OpenDirectory::Listing& listing = *directory.listing;
  const std::scoped_lock lock(listing.lock);
  if (KeepsEntries(listing)) {
    return List(context, directory, offset, Entries(listing.entries.get(), kListingSize), out);
  }
  // Many others are in progress. What does not fit into this reply is read again for the next one.
  std::array<std::byte, kListingSize> entries;
  const Status listed = List(context, directory, offset, entries, out);
  listing.next = listing.end = 0;
  listing.offset = kNowhere;
  return listed;
}

Status Passthrough::List(RequestContext& context, OpenDirectory& directory, uint64_t offset,
                         Entries entries, DirentWriter& out) {
  OpenDirectory::Listing& listing = *directory.listing;
  const Status sought = SeekListing(directory, offset);
  if (!sought) {
    return sought;
  }
  for (bool empty = true;;) {
    const Result<bool> more = FillListing(directory, entries);
    if (!more) {
      // What has been written is given; the error will come again at the next call.
      return empty ? Status(more.error()) : Status();
    }
    if (!*more) {
      listing.End();
      return {};
    }
    const HostEntry entry = EntryAt(entries.data() + listing.next);
    if (out.Shows(entry.name)) {
      if (!out.Fits(entry.name)) {
        // An empty reply would mean the end of the directory.
        return empty ? Status(Errno(EINVAL)) : Status();
      }
      AddEntry(context, directory,
               {entry.name, GuestNumber(context, *directory.mount, entry.fixed.d_ino),
                static_cast<uint64_t>(entry.fixed.d_off), entry.fixed.d_type},
               out);
      empty = false;
    }
    listing.next += entry.fixed.d_reclen;
    listing.offset = static_cast<uint64_t>(entry.fixed.d_off);
  }
}

void Passthrough::AddEntry(RequestContext& context, OpenDirectory& directory,
                           const DirentWriter::Entry& entry, DirentWriter& out) {
  if (!out.plus()) {
    out.Add(entry);
    return;
  }
  // An entry whose inode cannot be had (it is gone already, or the descriptors are used up) is
  // listed by name alone: nodeid 0. The guest looks it up when it needs it; nothing is ever left
  // out of a listing.
  abi::fuse_entry_out attributes = {};
  if (!IsDot(entry.name)) {
    const auto found =
        LookUpIn(context, directory.fd.get(), entry.name.data(), directory.listing->foresight);
    if (found) {
      attributes = *found;
    }
  }
  out.AddPlus(entry, attributes);
}

Status Passthrough::FsyncDir(RequestContext& context, NodeId node, FileHandle handle,
                             bool data_only) {
  const Result<DirectoryRef> directory = directories_.Find(node, handle);
  if (!directory) {
    return directory.error();
  }
  context.sleep.AboutToSleep();
  const int fd = (*directory)->fd.get();
  return RetryStatus([&] { return data_only ? fdatasync(fd) : fsync(fd); });
}

Status Passthrough::ReleaseDir(RequestContext&, NodeId node, FileHandle handle) {
  return directories_.Close(node, handle);
}

}  // namespace vfsd::fs::passthrough
