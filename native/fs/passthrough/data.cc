// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "fs/passthrough/passthrough.h"
#include "fs/set_id_bits.h"

namespace vfsd::fs::passthrough {

using fuse::FileHandle;
using fuse::NodeId;
using fuse::RequestContext;

namespace {

/**
 * A position or length from the guest as the kernel takes it. EINVAL when it, or what is `length`
 * bytes further, is beyond what a file can have.
 */
Result<off_t> ToOffset(uint64_t value, uint64_t length = 0) {
  uint64_t end;
  if (__builtin_add_overflow(value, length, &end) ||
      end > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) {
    return Errno(EINVAL);
  }
  return static_cast<off_t>(value);
}

// What one call moves at most, in bytes (MAX_RW_COUNT).
constexpr uint64_t kLongestCall = 0x7fff'f000;

int SegmentCount(const memory::SegmentCursor& cursor) {
  return static_cast<int>(std::min<size_t>(cursor.rest().size(), IOV_MAX));
}

/** One preadv2; moves the cursor. Answers the number of bytes. */
Result<size_t> ReadSome(int fd, memory::SegmentCursor& to, off_t offset, int flags) {
  const auto count =
      Retry([&] { return preadv2(fd, to.rest().data(), SegmentCount(to), offset, flags); });
  if (!count) {
    return count.error();
  }
  to.Skip(static_cast<size_t>(*count));
  return static_cast<size_t>(*count);
}

/**
 * Whether a read that gave less than it was asked for has met the end of the file. `position` is
 * where it stopped there, `to` where it stopped in memory.
 *
 * One that stops because the rest is not cached, or because of a broken disk, does it where a block
 * begins, and no block is smaller than this. One that stops because guest memory is missing does it
 * where a page begins. Linux would take a read that is short for either reason for the end.
 */
bool HasMetEnd(off_t position, const memory::SegmentCursor& to, MountTraits traits) {
  constexpr off_t kSmallestBlock = 512;
  constexpr uintptr_t kSmallestPage = 4096;
  const auto memory = reinterpret_cast<uintptr_t>(to.rest().front().iov_base);
  return !traits.reads_stop_anywhere && position % kSmallestBlock != 0 &&
         memory % kSmallestPage != 0;
}

/**
 * Reads until there is no more room, or the file ends. Answers false when the rest would have to be
 * waited for, with RWF_NOWAIT in `flags`.
 *
 * @param base the file's position for the cursor's beginning
 */
Result<bool> ReadAll(const OpenFile& file, memory::SegmentCursor& to, off_t base, int flags) {
  while (to.remaining() > 0) {
    const uint64_t wanted = to.remaining();
    const bool whole = to.rest().size() <= IOV_MAX && wanted <= kLongestCall;
    const auto count = ReadSome(file.fd.get(), to, base + static_cast<off_t>(to.consumed()), flags);
    if (!count) {
      const bool would_wait = (flags & RWF_NOWAIT) != 0 && (count.error() == Errno(EAGAIN) ||
                                                            count.error() == Errno(EOPNOTSUPP));
      return would_wait ? Result(false) : count.error();
    }
    const bool is_short = whole && *count < wanted;
    if (*count == 0 ||
        (is_short && HasMetEnd(base + static_cast<off_t>(to.consumed()), to, file.traits))) {
      break;
    }
  }
  return true;
}

}  // namespace

Status Passthrough::Read(RequestContext& context, NodeId node, const abi::fuse_read_in& in,
                         memory::SegmentCursor& to) {
  const Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  if (!file) {
    return file.error();
  }
  const Result<off_t> start = ToOffset(in.offset, to.remaining());
  if (!start) {
    return start.error();
  }
  // The cursor has moved over the reply's header already.
  const auto base = *start - static_cast<off_t>(to.consumed());
  if (!(*file)->traits.in_memory) {
    const Result<bool> complete = ReadAll(**file, to, base, RWF_NOWAIT);
    if (!complete) {
      return complete.error();
    }
    if (*complete) {
      return {};
    }
    context.sleep.AboutToSleep();
  }
  const Result<bool> complete = ReadAll(**file, to, base, 0);
  return complete ? Status() : complete.error();
}

Result<size_t> Passthrough::Write(RequestContext& context, NodeId node,
                                  const abi::fuse_write_in& in, memory::SegmentCursor& from) {
  const Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  if (!file) {
    return file.error();
  }
  const Result<off_t> start = ToOffset(in.offset, from.remaining());
  if (!start) {
    return start.error();
  }
  const int fd = (*file)->fd.get();
  // With write-back the guest's kernel has already decided where the end of the file is.
  const bool append = (in.flags & O_APPEND) != 0 && !options_.writeback &&
                      (in.write_flags & abi::FUSE_WRITE_CACHE) == 0;
  const Status decided =
      DecideSetIdBits(context, (in.write_flags & abi::FUSE_WRITE_KILL_SUIDGID) != 0);
  if (!decided) {
    return decided.error();
  }
  if ((*file)->writes_wait) {
    context.sleep.AboutToSleep();
  }
  const uint64_t begin = from.consumed();
  while (from.remaining() > 0) {
    const uint64_t written = from.consumed() - begin;
    const auto count = Retry([&] {
      return pwritev2(fd, from.rest().data(), SegmentCount(from),
                      *start + static_cast<off_t>(written), append ? RWF_APPEND : 0);
    });
    if (!count) {
      // What has been written already is reported; the error will come again with the next request.
      return written > 0 ? Result(static_cast<size_t>(written)) : count.error();
    }
    if (*count == 0) {
      break;
    }
    from.Skip(static_cast<size_t>(*count));
  }
  return static_cast<size_t>(from.consumed() - begin);
}

Status Passthrough::DecideSetIdBits(const RequestContext& context, bool clears) const {
  if (clears) {
    // Linux leaves the set-group-ID bit of a file that nobody may execute by its group to the
    // members of the group, which is to be the guest's and not the daemon's.
    const identity::GuestGid own{static_cast<uint32_t>(identity_.gid)};
    identity::UseGroup(identity_, options_.ids_are_translated ? own : context.caller.gid);
  }
  return identity::KeepSetIdBits(identity_, !clears);
}

Status Passthrough::Fallocate(RequestContext& context, NodeId node,
                              const abi::fuse_fallocate_in& in) {
  const Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  if (!file) {
    return file.error();
  }
  const Result<off_t> offset = ToOffset(in.offset);
  const Result<off_t> length = ToOffset(in.length);
  if (!offset || !length) {
    return Errno(EINVAL);
  }
  const Status decided = DecideSetIdBits(context, ChangesAsUser(context));
  if (!decided) {
    return decided.error();
  }
  context.sleep.AboutToSleep();
  return RetryStatus(
      [&] { return fallocate((*file)->fd.get(), static_cast<int>(in.mode), *offset, *length); });
}

Result<uint64_t> Passthrough::Lseek(RequestContext&, NodeId node, const abi::fuse_lseek_in& in) {
  const Result<FileRef> file = files_.Find(node, FileHandle{in.fh});
  if (!file) {
    return file.error();
  }
  // The others are the guest's own business and would move nothing but the daemon's unused file
  // position.
  if (in.whence != SEEK_DATA && in.whence != SEEK_HOLE) {
    return Errno(EINVAL);
  }
  const Result<off_t> offset = ToOffset(in.offset);
  if (!offset) {
    return Errno(ENXIO);
  }
  const auto position =
      Retry([&] { return lseek((*file)->fd.get(), *offset, static_cast<int>(in.whence)); });
  if (!position) {
    return position.error();
  }
  return static_cast<uint64_t>(*position);
}

Result<size_t> Passthrough::CopyFileRange(RequestContext& context, NodeId node,
                                          const abi::fuse_copy_file_range_in& in) {
  const Result<FileRef> source = files_.Find(node, FileHandle{in.fh_in});
  if (!source) {
    return source.error();
  }
  const Result<FileRef> target = files_.Find(NodeId{in.nodeid_out}, FileHandle{in.fh_out});
  if (!target) {
    return target.error();
  }
  Result<off_t> from = ToOffset(in.off_in);
  Result<off_t> to = ToOffset(in.off_out);
  if (!from || !to || in.flags != 0) {
    return Errno(EINVAL);
  }
  // The reply has 32 bits for the number of bytes.
  const size_t length = std::min(in.len, kLongestCall);
  const Status decided = DecideSetIdBits(context, ChangesAsUser(context));
  if (!decided) {
    return decided.error();
  }
  context.sleep.AboutToSleep();
  const auto count = Retry([&] {
    return copy_file_range((*source)->fd.get(), &*from, (*target)->fd.get(), &*to, length, 0);
  });
  if (!count) {
    return count.error();
  }
  return static_cast<size_t>(*count);
}

}  // namespace vfsd::fs::passthrough
