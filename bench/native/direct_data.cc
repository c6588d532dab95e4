// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>
#include <vector>

#include "base/unique_fd.h"
#include "direct_calls.h"

namespace vfsd::bench {
namespace {

/** One preadv2 or pwritev2 of a block of a file of the share. */
class Data : public DirectCalls {
 public:
  Data(UniqueFd file, uint64_t size, uint64_t block, bool write, bool random)
      : file_(std::move(file)), size_(size), write_(write), random_(random), buffer_(block) {}

  bool Do() override {
    const iovec whole = {buffer_.data(), buffer_.size()};
    const auto offset = static_cast<off_t>(Next());
    const ssize_t done = write_ ? pwritev2(file_.get(), &whole, 1, offset, 0)
                                : preadv2(file_.get(), &whole, 1, offset, 0);
    if (Called(done) && static_cast<size_t>(done) < buffer_.size()) {
      errno = EIO;
      return false;
    }
    return done >= 0;
  }

 private:
  uint64_t Next() {
    if (random_) {
      // xorshift64: the same places in every run.
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
    } else {
      ++state_;
    }
    return state_ % (size_ / buffer_.size()) * buffer_.size();
  }

  const UniqueFd file_;
  const uint64_t size_;
  const bool write_;
  const bool random_;
  std::vector<std::byte> buffer_;
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

}  // namespace

std::unique_ptr<DirectCalls> MakeDirectData(std::string_view kind, int root, uint64_t block) {
  const bool write = kind.starts_with("write-");
  if ((!write && !kind.starts_with("read-")) || block == 0) {
    return nullptr;
  }
  // A copy, so that the daemons' file keeps what it holds.
  UniqueFd file(openat(root, write ? "direct data" : "data", O_RDWR | O_CLOEXEC));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0) {
    return nullptr;
  }
  return std::make_unique<Data>(std::move(file), static_cast<uint64_t>(status.st_size), block,
                                write, kind.ends_with("random"));
}

}  // namespace vfsd::bench
