// SPDX-License-Identifier: Apache-2.0
#include "fuse/server.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "awake_always.h"
#include "gtest/gtest.h"
#include "recording_file_system.h"

namespace vfsd::fuse {
namespace {

using namespace std::string_literals;

/** Keeps what was deferred as the place of its reply. */
class Collector final : public Deferrer {
 public:
  std::unique_ptr<DeferredAnswer> Defer(const ReplyPlace& place) override {
    deferred = place;
    return nullptr;
  }

  std::optional<ReplyPlace> deferred;
};

/** Requests as bytes, and replies as bytes, without a ring. */
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { EXPECT_EQ(Init(38), 0); }

  template <typename T>
  static std::string Bytes(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }

  /** Serves a request; answers the error of the reply, positive, or 0. */
  int Serve(uint32_t opcode, const std::string& body, size_t room = 4096, uint32_t length = 0) {
    const abi::fuse_in_header header = {
        .len =
            length != 0 ? length : static_cast<uint32_t>(sizeof(abi::fuse_in_header) + body.size()),
        .opcode = opcode,
        .unique = 99,
        .nodeid = 1};
    return ServeBytes(Bytes(header) + body, room);
  }

  int ServeBytes(std::string request, size_t room) {
    request_ = std::move(request);
    reply_.assign(room, '?');
    chain_.readable.Clear();
    chain_.writable.Clear();
    Add(chain_.readable, request_);
    Add(chain_.writable, reply_);
    written_ = server_.Serve(chain_, buffers_, sleep_, deferrer_, served_).value_or(0);
    if (written_ < sizeof(abi::fuse_out_header)) {
      return -1;
    }
    abi::fuse_out_header header;
    std::memcpy(&header, reply_.data(), sizeof header);
    EXPECT_EQ(header.len, written_);
    EXPECT_EQ(header.unique, 99u);
    return -header.error;
  }

  static void Add(memory::SegmentList& list, std::string& bytes) {
    if (!bytes.empty()) {
      ASSERT_TRUE(list.Add(std::as_writable_bytes(std::span(bytes))));
    }
  }

  int Init(uint32_t minor, uint32_t major = 7) {
    return Serve(abi::FUSE_INIT,
                 Bytes(abi::fuse_init_in{.major = major, .minor = minor, .flags = UINT32_MAX}));
  }

  testing::RecordingFileSystem file_system_;
  Server server_{file_system_, {}};
  RequestBuffers buffers_;
  testing::AwakeAlways sleep_;
  Collector deferrer_;
  metrics::Served served_;
  vring::DescriptorChain chain_;
  std::string request_;
  std::string reply_;
  uint32_t written_ = 0;
};

TEST_F(ServerTest, ANameReachesTheFileSystem) {
  EXPECT_EQ(Serve(abi::FUSE_LOOKUP, "file\0"s), 0);
  EXPECT_EQ(file_system_.names, std::vector<std::string>{"file"});
  EXPECT_EQ(written_, sizeof(abi::fuse_out_header) + sizeof(abi::fuse_entry_out));
}

TEST_F(ServerTest, NamesThatLeadElsewhereNeverReachTheFileSystem) {
  for (const std::string& name :
       {"\0"s, ".\0"s, "..\0"s, "/etc\0"s, "a/b\0"s, "a/\0"s, "unterminated"s, ""s}) {
    EXPECT_EQ(Serve(abi::FUSE_LOOKUP, name), EINVAL) << name;
    EXPECT_EQ(Serve(abi::FUSE_SYMLINK, name + "target\0"s), EINVAL) << name;
  }
  EXPECT_EQ(Serve(abi::FUSE_LOOKUP, std::string(256, 'x') + "\0"s), ENAMETOOLONG);
  EXPECT_EQ(Serve(abi::FUSE_LOOKUP, std::string(255, 'x') + "\0"s), 0);
  const std::string to_root = Bytes(abi::fuse_rename_in{1});
  EXPECT_EQ(Serve(abi::FUSE_RENAME, to_root + "a\0../b\0"s), EINVAL);
  EXPECT_EQ(Serve(abi::FUSE_RENAME, to_root + "a\0"s), EINVAL);
  EXPECT_EQ(Serve(abi::FUSE_RENAME, to_root + "a\0b\0"s), 0);
}

TEST_F(ServerTest, ABodyThatIsTooShortIsRefusedForEveryOperation) {
  for (uint32_t opcode = 1; opcode < abi::kOpcodeCount; ++opcode) {
    const Operation* operation = FindOperation(opcode);
    if (operation == nullptr || operation->minimum_body == 0 ||
        (operation->flags & kNoReply) != 0) {
      continue;
    }
    EXPECT_EQ(Serve(opcode, std::string(operation->minimum_body - 1u, '\0')), EINVAL)
        << operation->name;
  }
}

TEST_F(ServerTest, AHeaderLengthMustFitWhatWasSent) {
  const std::string body(sizeof(abi::fuse_getattr_in), '\0');
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, body, 4096, 39), EINVAL);
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, body, 4096, 40), EINVAL);
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, body, 4096, 1000), EINVAL);
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, body + "more", 4096, 56), 0);
}

TEST_F(ServerTest, UnknownOperationsAreNotThere) {
  for (const uint32_t opcode : {0u, 7u, 19u, 37u, 40u, 54u, 4096u, UINT32_MAX}) {
    EXPECT_EQ(Serve(opcode, ""), ENOSYS) << opcode;
  }
}

TEST_F(ServerTest, ARequestWithoutAHeaderOrWithoutRoomIsGivenBackEmpty) {
  EXPECT_EQ(ServeBytes(std::string(39, '\0'), 4096), -1);
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, std::string(16, '\0'), 15), -1);
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, std::string(16, '\0'), 0), -1);
}

TEST_F(ServerTest, AReplyThatDoesNotFitIsAnError) {
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, std::string(16, '\0'), 16 + 103), EIO);
  EXPECT_EQ(Serve(abi::FUSE_GETATTR, std::string(16, '\0'), 16 + 104), 0);
}

TEST_F(ServerTest, AnOperationWhoseAnswerCannotFitIsNotBegun) {
  EXPECT_EQ(Serve(abi::FUSE_LOOKUP, "file\0"s, 16 + 127), EIO);
  EXPECT_TRUE(file_system_.names.empty());
}

TEST_F(ServerTest, BuffersOfOneByteEachWork) {
  const std::string request =
      Bytes(abi::fuse_in_header{.len = 45, .opcode = abi::FUSE_LOOKUP, .unique = 99, .nodeid = 1}) +
      "file\0"s;
  // Every other byte, since neighbours would be joined.
  std::string spread_request(2 * request.size(), '-');
  std::string spread_reply(2 * 144, '-');
  chain_.readable.Clear();
  chain_.writable.Clear();
  for (size_t i = 0; i < request.size(); ++i) {
    spread_request[2 * i] = request[i];
    ASSERT_TRUE(chain_.readable.Add({reinterpret_cast<std::byte*>(&spread_request[2 * i]), 1}));
  }
  for (size_t i = 0; i < spread_reply.size(); i += 2) {
    ASSERT_TRUE(chain_.writable.Add({reinterpret_cast<std::byte*>(&spread_reply[i]), 1}));
  }
  EXPECT_EQ(server_.Serve(chain_, buffers_, sleep_, deferrer_, served_), 144u);
  EXPECT_EQ(file_system_.names.back(), "file");
  EXPECT_EQ(spread_reply[0], static_cast<char>(144));
  EXPECT_EQ(spread_reply[1], '-');
}

TEST_F(ServerTest, WrittenBytesAreThoseOfTheRequestAndNoMore) {
  const auto request = [](uint32_t size) { return Bytes(abi::fuse_write_in{.size = size}); };
  EXPECT_EQ(Serve(abi::FUSE_WRITE, request(5) + "hello, and more"), 0);
  EXPECT_EQ(file_system_.written, "hello");
  EXPECT_EQ(Serve(abi::FUSE_WRITE, request(6) + "hello"), EINVAL);
  EXPECT_EQ(Serve(abi::FUSE_WRITE, request(UINT32_MAX) + "hello"), EINVAL);
}

TEST_F(ServerTest, ReadingIsBoundedByTheRequestAndByTheRoom) {
  const auto request = [](uint32_t size) { return Bytes(abi::fuse_read_in{.size = size}); };
  EXPECT_EQ(Serve(abi::FUSE_READ, request(10)), 0);
  EXPECT_EQ(file_system_.read_room, 10u);
  EXPECT_EQ(written_, 16u + 3u);
  EXPECT_EQ(Serve(abi::FUSE_READ, request(UINT32_MAX), 116), 0);
  EXPECT_EQ(file_system_.read_room, 100u);
}

TEST_F(ServerTest, AnAttributesSizeIsBoundedByItsBuffer) {
  const auto request = [](uint32_t size) {
    return Bytes(abi::fuse_getxattr_in{size, 0}) + "user.x\0"s;
  };
  EXPECT_EQ(Serve(abi::FUSE_GETXATTR, request(0)), 0);
  EXPECT_EQ(written_, 16u + sizeof(abi::fuse_getxattr_out));
  EXPECT_EQ(Serve(abi::FUSE_GETXATTR, request(UINT32_MAX), 4096), EIO);
  EXPECT_EQ(Serve(abi::FUSE_GETXATTR, request(100)), 0);
  EXPECT_EQ(written_, 116u);
}

TEST_F(ServerTest, ForgettingHasNoReply) {
  EXPECT_EQ(Serve(abi::FUSE_FORGET, Bytes(abi::fuse_forget_in{3})), -1);
  EXPECT_EQ(written_, 0u);
  ASSERT_EQ(file_system_.forgotten.size(), 1u);
}

TEST_F(ServerTest, ABatchIsForgottenAsFarAsItWasSent) {
  const std::string list = Bytes(abi::fuse_forget_one{5, 1}) + Bytes(abi::fuse_forget_one{6, 2});
  Serve(abi::FUSE_BATCH_FORGET, Bytes(abi::fuse_batch_forget_in{1, 0}) + list);
  EXPECT_EQ(file_system_.forgotten.size(), 1u);
  Serve(abi::FUSE_BATCH_FORGET, Bytes(abi::fuse_batch_forget_in{UINT32_MAX, 0}) + list);
  EXPECT_EQ(file_system_.forgotten.size(), 3u);
}

TEST_F(ServerTest, NothingIsServedOutsideOfASession) {
  EXPECT_EQ(Serve(abi::FUSE_DESTROY, ""), 0);
  EXPECT_EQ(Serve(abi::FUSE_LOOKUP, "file\0"s), ENOTCONN);
  EXPECT_EQ(Serve(abi::FUSE_FORGET, Bytes(abi::fuse_forget_in{3})), -1);
  EXPECT_TRUE(file_system_.forgotten.empty());
  EXPECT_EQ(Init(38), 0);
  EXPECT_EQ(Serve(abi::FUSE_LOOKUP, "file\0"s), 0);
}

TEST_F(ServerTest, ANewInitEndsTheSessionBefore) {
  const int before = file_system_.resets;
  EXPECT_EQ(Init(38), 0);
  EXPECT_EQ(file_system_.resets, before + 1);
}

TEST_F(ServerTest, TheProtocolIsTheOlderOfTheTwo) {
  for (const uint32_t minor : {31u, 38u, 45u, 60u}) {
    ASSERT_EQ(Init(minor), 0);
    abi::fuse_init_out reply;
    std::memcpy(&reply, reply_.data() + sizeof(abi::fuse_out_header), sizeof reply);
    EXPECT_EQ(reply.minor, std::min(minor, 45u));
    EXPECT_EQ(reply.max_write, 1u << 20);
  }
  EXPECT_EQ(Init(30), EPROTO);
  EXPECT_EQ(Init(45, 6), EPROTO);
  EXPECT_EQ(Init(0, 8), 0);
}

TEST_F(ServerTest, AShortInitOfAnOlderGuestIsEnough) {
  const std::string whole = Bytes(abi::fuse_init_in{.major = 7, .minor = 31});
  EXPECT_EQ(Serve(abi::FUSE_INIT, whole.substr(0, abi::kShortInitIn)), 0);
}

}  // namespace
}  // namespace vfsd::fuse
