// SPDX-License-Identifier: Apache-2.0

/**
 * vfsd-instructions KIND COUNT: takes COUNT requests of a kind from a ring, serves them over a
 * NullFileSystem and gives them back, on one thread and without a system call, so that whoever
 * counts the instructions of two runs learns what one request costs.
 */

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "frontend/request_slot.h"
#include "fuse/server.h"
#include "memory/guest_memory.h"
#include "null_file_system.h"
#include "vring/split_ring.h"

namespace vfsd::bench {
namespace {

using namespace abi;  // NOLINT(google-build-using-namespace): the protocol's own names
using frontend::RequestSlot;

/** As many as vfsd answers before it tells the driver. */
constexpr uint16_t kRing = 16;
constexpr uint64_t kAvailable = 0x1000;
constexpr uint64_t kUsed = 0x2000;
constexpr uint64_t kSlots = 0x10000;
constexpr uint64_t kMemory = kSlots + kRing * RequestSlot::kSize;
constexpr uint32_t kListing = 128 * 1024;

class NeverSleeps final : public fuse::SleepNotice {
 public:
  void AboutToSleep() override {}
};

class NeverDefers final : public fuse::Deferrer {
 public:
  std::unique_ptr<fuse::DeferredAnswer> Defer(const fuse::ReplyPlace&) override { return nullptr; }
};

bool Fill(RequestSlot& slot, std::string_view kind) {
  constexpr uint32_t kPage = RequestSlot::kPage;
  if (kind == "init") {
    slot.Begin(FUSE_INIT, 0);
    slot.Argument(fuse_init_in{.major = 7, .minor = 38});
    slot.End(0, sizeof(fuse_init_out), 0);
  } else if (kind == "getattr") {
    slot.Begin(FUSE_GETATTR, 2);
    slot.Argument(fuse_getattr_in{});
    slot.End(0, sizeof(fuse_attr_out), 0);
  } else if (kind == "lookup") {
    slot.Begin(FUSE_LOOKUP, FUSE_ROOT_ID);
    slot.Name("file");
    slot.End(0, sizeof(fuse_entry_out), 0);
  } else if (kind == "read") {
    slot.Begin(FUSE_READ, 3);
    slot.Argument(fuse_read_in{.size = kPage});
    slot.End(0, 0, kPage);
  } else if (kind == "write") {
    slot.Begin(FUSE_WRITE, 3);
    slot.Argument(fuse_write_in{.size = kPage});
    slot.End(kPage, sizeof(fuse_write_out), 0);
  } else if (kind == "readdirplus") {
    slot.Begin(FUSE_READDIRPLUS, 4);
    slot.Argument(fuse_read_in{.size = kListing});
    slot.End(0, 0, kListing);
  } else {
    return false;
  }
  return true;
}

/** A ring whose entries never change: only its index goes on. */
class Ring {
 public:
  bool Open() {
    file_.Reset(memfd_create("ring", MFD_CLOEXEC));
    if (!file_ || ftruncate(file_.get(), kMemory) != 0) {
      return false;
    }
    const memory::RegionDescription region = {memory::GuestPhysAddr{0}, memory::FrontendVirtAddr{0},
                                              kMemory, 0, file_.get()};
    if (memory_.Replace({&region, 1}).reason != nullptr) {
      return false;
    }
    host_ = memory_.Prefix(memory::GuestPhysAddr{0}, kMemory).data();
    for (uint16_t i = 0; i < kRing; ++i) {
      slots_.emplace_back(i, kSlots + i * RequestSlot::kSize,
                          host_ + kSlots + i * RequestSlot::kSize);
      std::memcpy(host_ + kAvailable + 4 + i * sizeof i, &i, sizeof i);
    }
    ring_ = vring::SplitRing::Map({.size = kRing,
                                   .descriptors = memory::FrontendVirtAddr{0},
                                   .available = memory::FrontendVirtAddr{kAvailable},
                                   .used = memory::FrontendVirtAddr{kUsed},
                                   .event_idx = true,
                                   .indirect = true},
                                  memory_, 0);
    return ring_.has_value();
  }

  bool Lay(std::string_view kind) {
    for (RequestSlot& slot : slots_) {
      if (!Fill(slot, kind)) {
        return false;
      }
      const vring_desc descriptor = slot.Reference();
      std::memcpy(host_ + slot.index() * sizeof descriptor, &descriptor, sizeof descriptor);
    }
    return true;
  }

  /** Serves what is laid, all of it once. */
  bool Serve(fuse::Server& server) {
    available_ = static_cast<uint16_t>(available_ + kRing);
    std::memcpy(host_ + kAvailable + 2, &available_, sizeof available_);
    vring::RingError error = vring::RingError::kNone;
    while (ring_->Take(chain_, error) == vring::SplitRing::Taken::kChain) {
      ring_->PutUsed(chain_.head,
                     server.Serve(chain_, buffers_, sleep_, deferrer_, served_).value_or(0));
    }
    ring_->TakeCallDecision();
    uint16_t used;
    std::memcpy(&used, host_ + kUsed + 2, sizeof used);
    return used == available_ && slots_.back().reply_header().error == 0 &&
           slots_.back().reply_header().unique == slots_.back().unique();
  }

 private:
  UniqueFd file_;
  memory::GuestMemory memory_;
  std::byte* host_ = nullptr;
  std::vector<RequestSlot> slots_;
  std::optional<vring::SplitRing> ring_;
  vring::DescriptorChain chain_;
  fuse::RequestBuffers buffers_;
  NeverSleeps sleep_;
  NeverDefers deferrer_;
  metrics::Served served_;
  uint16_t available_ = 0;
};

int Fail(const char* reason) {
  static_cast<void>(std::fprintf(stderr, "vfsd-instructions: %s\n", reason));
  return 1;
}

int Main(std::string_view kind, long count) {
  NullFileSystem files;
  fuse::Server server(files, {});
  Ring ring;
  if (!ring.Open() || !ring.Lay("init") || !ring.Serve(server)) {
    return Fail("the session did not begin");
  }
  if (!ring.Lay(kind)) {
    return Fail("there is no request of that kind");
  }
  for (long done = 0; done < count; done += kRing) {
    if (!ring.Serve(server)) {
      return Fail("a request was not served");
    }
  }
  return 0;
}

}  // namespace
}  // namespace vfsd::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    return vfsd::bench::Fail("Usage: vfsd-instructions KIND COUNT");
  }
  return vfsd::bench::Main(argv[1], std::strtol(argv[2], nullptr, 10));
}
