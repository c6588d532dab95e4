// SPDX-License-Identifier: Apache-2.0

// FUSE requests as bytes, through the decoder, the session and the decorators, over a file system
// that answers from constants. The input: what is agreed on and which decorators there are, then
// requests. README.md in the folder above says how they are laid out.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "fs/id_translation.h"
#include "fs/read_only.h"
#include "fs/xattr_map.h"
#include "fuse/server.h"
#include "input.h"
#include "null_file_system.h"
#include "pieces.h"
#include "watched_file_system.h"

namespace vfsd::fuzz {
namespace {

constexpr int kMostRequests = 24;
constexpr int kLargestErrno = 4095;

class NeverSleeps final : public fuse::SleepNotice {
 public:
  void AboutToSleep() override {}
};

/** An answer that is given later, into a reply that must still be there. */
class LateAnswer final : public fuse::DeferredAnswer {
 public:
  explicit LateAnswer(const fuse::ReplyPlace& place) : place_(place) {}
  ~LateAnswer() override { Give(Errno(EINTR)); }

  void Give(const Status& outcome) override { place_.Fill(outcome); }
  bool unwanted() const override { return false; }

 private:
  const fuse::ReplyPlace place_;
};

class LateDeferrer final : public fuse::Deferrer {
 public:
  std::unique_ptr<fuse::DeferredAnswer> Defer(const fuse::ReplyPlace& place) override {
    return std::make_unique<LateAnswer>(place);
  }
};

enum Choice : uint8_t {
  kPosixAcl = 1,
  kSecurityLabel = 2,
  kKillPriv = 4,
  kLocks = 8,
  kWriteback = 16,
  kReadOnly = 32,
  kTranslation = 64,
  kXattrMap = 128,
};

fuse::SessionOptions OptionsFor(uint8_t choices) {
  const auto negotiation = [&](Choice choice) {
    return (choices & choice) != 0 ? fuse::Negotiation::kAuto : fuse::Negotiation::kNever;
  };
  return {.writeback = (choices & kWriteback) != 0,
          .posix_acl = negotiation(kPosixAcl),
          .security_label = negotiation(kSecurityLabel),
          .killpriv_v2 = (choices & kKillPriv) != 0,
          .posix_lock = (choices & kLocks) != 0,
          .flock = (choices & kLocks) != 0};
}

fs::IdTables Tables() {
  using Action = fs::IdRange::Action;
  const auto to_host = [] {
    return fs::IdTable({{Action::kMap, 0, 100000, 1000},
                        {Action::kSquash, 1000, 7, 10},
                        {Action::kForbid, 2000, 0, UINT32_MAX - 2000}});
  };
  const auto to_guest = [] { return fs::IdTable({{Action::kMap, 100000, 0, 1000}}); };
  return {to_host(), to_host(), to_guest(), to_guest()};
}

fs::XattrRules Rules() {
  using Type = fs::XattrRule::Type;
  return fs::XattrRules({{Type::kPrefix, true, true, "user.", "mapped."},
                         {Type::kPrefix, true, true, "security.", "mapped."},
                         {Type::kUnsupported, true, true, "trusted.", "trusted."},
                         {Type::kOk, true, true, "system.", "system."},
                         {Type::kBad, true, true, "", ""}});
}

/** The file systems, one behind the other, as a device has them. */
class Stack {
 public:
  explicit Stack(uint8_t choices) : watched_(null_) {
    if ((choices & kXattrMap) != 0) {
      top_ = &xattr_map_.emplace(*top_, Rules());
    }
    if ((choices & kTranslation) != 0) {
      top_ = &translation_.emplace(*top_, Tables());
    }
    if ((choices & kReadOnly) != 0) {
      top_ = &read_only_.emplace(*top_);
    }
  }

  fuse::FileSystem& top() { return *top_; }
  WatchedFileSystem& watched() { return watched_; }

 private:
  bench::NullFileSystem null_;
  WatchedFileSystem watched_;
  std::optional<fs::XattrMap> xattr_map_;
  std::optional<fs::IdTranslation> translation_;
  std::optional<fs::ReadOnly> read_only_;
  fuse::FileSystem* top_ = &watched_;
};

/** A request and the room for its reply, which stay until every answer has been given. */
struct Exchange {
  Pieces request;
  Pieces reply;
};

Exchange TakeExchange(Input& input) {
  const auto cuts = [&] { return input.Bytes(input.Take<uint8_t>() % 8); };
  const auto request_cuts = cuts();
  const auto reply_cuts = cuts();
  const auto room = input.Take<uint16_t>();
  const auto length = input.Take<uint16_t>();
  const std::vector<std::byte> unwritten(room, std::byte{0xa5});
  return {Pieces(input.Bytes(length), request_cuts), Pieces(unwritten, reply_cuts)};
}

template <typename T>
std::optional<T> Front(const std::vector<std::byte>& bytes) {
  if (bytes.size() < sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/** What holds for the answer to any request. */
void CheckReply(const Exchange& exchange, uint32_t written) {
  const std::vector<std::byte> sent = exchange.request.Together();
  const auto request = Front<abi::fuse_in_header>(sent);
  const std::vector<std::byte> reply = exchange.reply.Together();
  Require(written <= reply.size(), "no more is written than there is room");
  const auto* operation = request ? fuse::FindOperation(request->opcode) : nullptr;
  const bool has_reply = operation == nullptr || (operation->flags & fuse::kNoReply) == 0;
  if (!request || !has_reply || reply.size() < sizeof(abi::fuse_out_header)) {
    Require(written == 0, "what has no answer gets none");
    return;
  }
  const auto header = Front<abi::fuse_out_header>(reply);
  Require(header && header->len == written, "the answer is as long as it says");
  Require(header->error <= 0 && header->error >= -kLargestErrno, "an error is an errno");
  Require(header->error == 0 || written == sizeof *header, "an error has no body");
  Require(header->unique == request->unique, "the answer is to the request");
  const bool is_whole = request->len >= sizeof *request && request->len <= sent.size();
  Require(header->error != 0 || is_whole, "what was not sent whole is refused");
}

void Run(Input input) {
  const auto choices = input.Take<uint8_t>();
  static fuse::RequestBuffers buffers;
  static vring::DescriptorChain chain;
  NeverSleeps sleep;
  LateDeferrer deferrer;
  std::vector<Exchange> exchanges;
  Stack stack(choices);
  fuse::Server server(stack.top(), OptionsFor(choices));
  for (int i = 0; i < kMostRequests && !input.empty(); ++i) {
    exchanges.push_back(TakeExchange(input));
    const Exchange& exchange = exchanges.back();
    exchange.request.FillIn(chain.readable);
    exchange.reply.FillIn(chain.writable);
    metrics::Served served;
    const auto written = server.Serve(chain, buffers, sleep, deferrer, served);
    if (written) {
      CheckReply(exchange, *written);
    }
  }
  server.EndUnwantedWaits();
  server.ResetSession();
}

}  // namespace
}  // namespace vfsd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  vfsd::fuzz::Run({data, size});
  return 0;
}
