// SPDX-License-Identifier: Apache-2.0
#include "sys/thread_seal.h"

namespace vfsd::sys {

void ThreadSeal::Expect() {
  const std::scoped_lock lock(lock_);
  ++expected_;
}

void ThreadSeal::Enter() {
  std::unique_lock lock(lock_);
  opened_.wait(lock, [this] { return open_; });
  const SeccompFilter* filter = filter_;
  lock.unlock();
  const Status loaded = filter == nullptr ? Status() : filter->Load(FilterScope::kThread);
  lock.lock();
  if (!loaded) {
    outcome_ = loaded;
  }
  --expected_;
  entered_.notify_all();
}

Status ThreadSeal::Seal(const SeccompFilter* filter) {
  std::unique_lock lock(lock_);
  filter_ = filter;
  open_ = true;
  opened_.notify_all();
  entered_.wait(lock, [this] { return expected_ == 0; });
  filter_ = nullptr;
  return outcome_;
}

void ThreadSeal::Release() {
  const std::scoped_lock lock(lock_);
  open_ = true;
  opened_.notify_all();
}

}  // namespace vfsd::sys
