// SPDX-License-Identifier: Apache-2.0
#include "frontend/held_file_system.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

namespace vfsd::frontend {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names

constexpr size_t kMaxRequest = size_t{128} * 1024;
constexpr uint64_t kFile = 2;
constexpr std::string_view kHeldName = "held";
constexpr uint64_t kValid = 1'000'000;

}  // namespace

std::unique_ptr<HeldFileSystem> HeldFileSystem::Mount(const std::string& path, int delay_ms,
                                                      Holds holds) {
  const int device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (device < 0) {
    return nullptr;
  }
  const std::string options =
      "fd=" + std::to_string(device) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
  const int stop = eventfd(0, EFD_CLOEXEC);
  if (stop < 0 || mount("vfsd-held", path.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str())) {
    const int failure = errno;
    close(device);
    close(stop);
    errno = failure;
    return nullptr;
  }
  return std::unique_ptr<HeldFileSystem>(new HeldFileSystem(path, device, stop, delay_ms, holds));
}

HeldFileSystem::HeldFileSystem(std::string path, int device, int stop, int delay_ms, Holds holds)
    : path_(std::move(path)),
      device_(device),
      stop_(stop),
      delay_ms_(delay_ms),
      holds_(holds),
      server_([this] { Serve(); }) {}

HeldFileSystem::~HeldFileSystem() {
  Release();
  umount2(path_.c_str(), MNT_DETACH);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(stop_, &one, sizeof one);
  server_.join();
  close(device_);
  close(stop_);
}

bool HeldFileSystem::WaitHeld(size_t count, int timeout_ms) {
  std::unique_lock lock(lock_);
  return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                           [&] { return held_.size() >= count; });
}

void HeldFileSystem::Release() {
  const std::scoped_lock lock(lock_);
  released_ = true;
  for (const Held& request : held_) {
    AnswerHeld(request);
  }
  held_.clear();
}

int HeldFileSystem::AnswerDue() {
  const std::scoped_lock lock(lock_);
  if (delay_ms_ == kForEver) {
    return -1;
  }
  const auto now = std::chrono::steady_clock::now();
  while (!held_.empty() && held_.front().due <= now) {
    AnswerHeld(held_.front());
    held_.erase(held_.begin());
  }
  if (held_.empty()) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(held_.front().due - now);
  return static_cast<int>(left.count());
}

void HeldFileSystem::Serve() {
  const auto request = std::make_unique<std::byte[]>(kMaxRequest);
  for (;;) {
    pollfd wanted[] = {{device_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(wanted, 2, AnswerDue()) < 0 || wanted[1].revents != 0) {
      return;
    }
    if (read(device_, request.get(), kMaxRequest) > 0) {
      Dispatch(request.get());
    } else if (errno == ENODEV) {
      return;
    }
  }
}

void HeldFileSystem::Fail(uint32_t opcode, int error) {
  const std::scoped_lock lock(lock_);
  failures_[opcode] = error;
}

int HeldFileSystem::FailureOf(uint32_t opcode) {
  const std::scoped_lock lock(lock_);
  const auto found = failures_.find(opcode);
  return found == failures_.end() ? 0 : found->second;
}

void HeldFileSystem::Dispatch(const std::byte* request) {
  fuse_in_header header;
  std::memcpy(&header, request, sizeof header);
  if (const int failure = FailureOf(header.opcode); failure != 0) {
    return Answer(header.unique, -failure, nullptr, 0);
  }
  switch (header.opcode) {
    case FUSE_INIT: {
      const fuse_init_out init = {
          .major = 7, .minor = 31, .max_background = 64, .max_write = 4096, .time_gran = 1};
      return Answer(header.unique, 0, &init, sizeof init);
    }
    case FUSE_LOOKUP:
      if (reinterpret_cast<const char*>(request + sizeof header) == kHeldName) {
        return Hold({header.unique, header.opcode, 0});
      }
      return AnswerEntry(header.unique);
    case FUSE_GETATTR:
      return AnswerAttributes(header.unique, header.nodeid);
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
      const fuse_open_out opened = {.fh = 1, .open_flags = FOPEN_DIRECT_IO};
      return Answer(header.unique, 0, &opened, sizeof opened);
    }
    case FUSE_READ: {
      fuse_read_in in;
      std::memcpy(&in, request + sizeof header, sizeof in);
      return Hold({header.unique, header.opcode, in.size});
    }
    case FUSE_WRITE:
    case FUSE_SETATTR:
      if (holds_ == Holds::kReadsAndChanges) {
        return DispatchChange(header, request + sizeof header);
      }
      return Answer(header.unique, -ENOSYS, nullptr, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
      return Answer(header.unique, 0, nullptr, 0);
    default:
      return Answer(header.unique, -ENOSYS, nullptr, 0);
  }
}

void HeldFileSystem::DispatchChange(const fuse_in_header& header, const std::byte* body) {
  if (header.opcode == FUSE_WRITE) {
    fuse_write_in in;
    std::memcpy(&in, body, sizeof in);
    return Hold({header.unique, header.opcode, in.size});
  }
  fuse_setattr_in in;
  std::memcpy(&in, body, sizeof in);
  if ((in.valid & FATTR_SIZE) != 0) {
    return Hold({header.unique, header.opcode, in.size});
  }
  AnswerAttributes(header.unique, header.nodeid);
}

void HeldFileSystem::Hold(Held request) {
  const std::scoped_lock lock(lock_);
  if (released_) {
    return AnswerHeld(request);
  }
  request.due = std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms_);
  held_.push_back(request);
  changed_.notify_all();
}

fuse_attr HeldFileSystem::AttributesOf(uint64_t node) const {
  const bool directory = node == FUSE_ROOT_ID;
  return {.ino = node,
          .size = directory ? 0 : size_.load(),
          .mode = static_cast<uint32_t>(directory ? S_IFDIR | 0755 : S_IFREG | 0644),
          .nlink = 1,
          .blksize = 4096};
}

void HeldFileSystem::AnswerAttributes(uint64_t unique, uint64_t node) const {
  const fuse_attr_out attributes = {.attr_valid = kValid, .attr = AttributesOf(node)};
  Answer(unique, 0, &attributes, sizeof attributes);
}

void HeldFileSystem::AnswerEntry(uint64_t unique) const {
  const fuse_entry_out entry = {
      .nodeid = kFile, .entry_valid = kValid, .attr_valid = kValid, .attr = AttributesOf(kFile)};
  Answer(unique, 0, &entry, sizeof entry);
}

void HeldFileSystem::Answer(uint64_t unique, int error, const void* payload, size_t size) const {
  fuse_out_header header = {static_cast<uint32_t>(sizeof header + size), error, unique};
  const iovec parts[] = {{&header, sizeof header}, {const_cast<void*>(payload), size}};
  [[maybe_unused]] const ssize_t written = writev(device_, parts, 2);
}

void HeldFileSystem::AnswerHeld(const Held& request) {
  switch (request.opcode) {
    case FUSE_READ: {
      const std::vector<std::byte> data(request.size, std::byte{'s'});
      return Answer(request.unique, 0, data.data(), data.size());
    }
    case FUSE_LOOKUP:
      return AnswerEntry(request.unique);
    case FUSE_WRITE: {
      const fuse_write_out written = {.size = static_cast<uint32_t>(request.size)};
      return Answer(request.unique, 0, &written, sizeof written);
    }
    default:
      size_ = request.size;
      return AnswerAttributes(request.unique, kFile);
  }
}

}  // namespace vfsd::frontend
