// SPDX-License-Identifier: Apache-2.0
#include "fs/passthrough/mounts.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

#include "fs/passthrough/attributes.h"
#include "fs/passthrough/host_file_handle.h"

namespace vfsd::fs::passthrough {

Mounts::~Mounts() {
  for (const std::atomic<Mount*>& bucket : buckets_) {
    for (Mount* mount = bucket.load(); mount != nullptr;) {
      delete std::exchange(mount, mount->next);
    }
  }
}

const Mount* Mounts::Find(uint64_t id, uint64_t device) const {
  const Mount* mount = buckets_[BucketOf(id, device)].load(std::memory_order_acquire);
  while (mount != nullptr && (mount->id != id || mount->device != device)) {
    mount = mount->next;
  }
  return mount;
}

const Mount& Mounts::Meet(uint64_t id, uint64_t device, int o_path, uint32_t type,
                          FdBudget::Share share) {
  // Asked without the lock: a file system may take its time.
  const MountTraits traits = TraitsOf(o_path);
  Result<UniqueFd> fd = handles_ == InodeFileHandles::kNever || traits.shows_processes
                            ? Errno(EOPNOTSUPP)
                            : OpenForHandles(id, device, o_path, type);
  const std::scoped_lock lock(meeting_);
  if (const Mount* known = Find(id, device);
      known != nullptr && (known->HasHandles() || known->traits == traits)) {
    return *known;
  }
  std::atomic<Mount*>& bucket = buckets_[BucketOf(id, device)];
  auto* const mount = new Mount{.id = id,
                                .device = device,
                                .index = met_++,
                                .traits = traits,
                                .refusal = fd ? Errno(0) : fd.error(),
                                .next = bucket.load(std::memory_order_relaxed)};
  if (fd) {
    mount->fd = std::move(*fd);
    mount->share = std::move(share);
  }
  // Release: who finds it sees it whole.
  bucket.store(mount, std::memory_order_release);
  return *mount;
}

Result<UniqueFd> Mounts::OpenForHandles(uint64_t id, uint64_t device, int o_path,
                                        uint32_t type) const {
  // What a mount shows first is its root: a directory, or a file that was mounted by itself.
  if (type != S_IFDIR && type != S_IFREG) {
    return Errno(EOPNOTSUPP);
  }
  Result<UniqueFd> mount = proc_self_fd_.Reopen(o_path, O_RDONLY | O_NONBLOCK);
  if (!mount) {
    return mount.error();
  }
  // Both ways, since some file systems make handles that they do not take back.
  const Result<HostFileHandle> handle = HostFileHandle::Of(mount->get(), "");
  if (!handle) {
    return handle.error();
  }
  const Result<UniqueFd> again = handle->Open(mount->get());
  if (!again) {
    return again.error();
  }
  const auto attributes = Stat(again->get(), "");
  if (!attributes) {
    return attributes.error();
  }
  const InodeKey key = KeyOf(*attributes);
  return key.mount == id && key.device == device ? std::move(mount) : Errno(EOPNOTSUPP);
}

}  // namespace vfsd::fs::passthrough
