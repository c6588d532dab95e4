// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/passthrough.h"

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/submounts.h"
#include "fs/set_id_bits.h"

namespace vfsd::fs::passthrough {

Passthrough::Passthrough(const Options& options, sys::ProcSelfFd proc_self_fd,
                         const identity::ProcessIdentity& identity)
    : options_(options),
      entry_timeout_(options.timeouts.entry),
      attr_timeout_(options.timeouts.attr),
      negative_timeout_(options.timeouts.negative),
      proc_self_fd_(std::move(proc_self_fd)),
      identity_(identity),
      budget_(options.guest_fd_limit) {
  if (options.posix_lock || options.flock) {
    lock_waits_ = std::make_unique<LockWaits>();
  }
}

void Passthrough::SetTimeouts(const Validities& timeouts) {
  entry_timeout_.Set(timeouts.entry);
  attr_timeout_.Set(timeouts.attr);
  negative_timeout_.Set(timeouts.negative);
}

Status Passthrough::Open(UniqueFd root, sys::ThreadSeal* lock_threads) {
  const auto attributes = Stat(root.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  if (!S_ISDIR(attributes->stx_mode)) {
    return Errno(ENOTDIR);
  }
  const InodeKey key = KeyOf(*attributes);
  const Mount& mount = mounts_.Meet(key.mount, key.device, root.get(), S_IFDIR, {});
  if (mount.traits.shows_processes) {
    return Errno(EACCES);
  }
  if (options_.inode_file_handles == InodeFileHandles::kMandatory && !mount.HasHandles()) {
    return mount.refusal;
  }
  inodes_.AddRoot(key, std::move(root), mount);
  return lock_waits_ ? lock_waits_->Start(lock_threads) : Status();
}

void Passthrough::Reset() {
  files_.CloseAll();
  if (lock_waits_) {
    lock_waits_->EndAll();
    lock_descriptions_.EndAll();
  }
  directories_.CloseAll();
  inodes_.ForgetAll();
}

Validity Passthrough::AttributeValidity(const fuse::RequestContext& context, uint32_t mode) const {
  return HasBitsThatAreCleared(context, mode) ? Validity{0, 0} : attr_timeout_.Get();
}

abi::fuse_entry_out Passthrough::EntryOf(const fuse::RequestContext& context, fuse::NodeId node,
                                         const struct statx& attributes) const {
  const Validity validity = AttributeValidity(context, attributes.stx_mode);
  const Validity entry_validity = entry_timeout_.Get();
  abi::fuse_entry_out entry = {
      .nodeid = static_cast<uint64_t>(node),
      .generation = 0,
      .entry_valid = entry_validity.seconds,
      .attr_valid = validity.seconds,
      .entry_valid_nsec = entry_validity.nanoseconds,
      .attr_valid_nsec = validity.nanoseconds,
      .attr = ToFuse(attributes),
  };
  // Most of what is found: neither does a submount begin there, nor has the number to change.
  if (context.Negotiated(abi::FUSE_SUBMOUNTS) && !S_ISDIR(attributes.stx_mode)) {
    return entry;
  }
  const InodeKey key = KeyOf(attributes);
  if (const Mount* const mount = mounts_.Find(key.mount, key.device)) {
    entry.attr.ino = GuestNumber(context, *mount, key.number);
    entry.attr.flags = BeginsSubmount(context, *mount, attributes) ? abi::FUSE_ATTR_SUBMOUNT : 0;
  }
  return entry;
}

Result<abi::fuse_attr_out> Passthrough::AttributesOf(const fuse::RequestContext& context,
                                                     const Inode& inode) const {
  const auto attributes = Stat(inode.fd.get(), "");
  if (!attributes) {
    return attributes.error();
  }
  const Validity validity = AttributeValidity(context, attributes->stx_mode);
  abi::fuse_attr_out answer = {.attr_valid = validity.seconds,
                               .attr_valid_nsec = validity.nanoseconds,
                               .dummy = 0,
                               .attr = ToFuse(*attributes)};
  answer.attr.ino = GuestNumber(context, *inode.mount, attributes->stx_ino);
  return answer;
}

}  // namespace vfsd::fs::passthrough
