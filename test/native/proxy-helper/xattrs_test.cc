// SPDX-License-Identifier: Apache-2.0
#include <sys/xattr.h>

#include <algorithm>

#include "../fs/host_calls.h"
#include "exported_directory.h"

namespace vfsd::testing {
namespace {

using namespace std::string_literals;

class ProxyXattrs : public ExportedDirectory {
 protected:
  void SetUp() override {
    MakeFile("file");
    if (setxattr(PathOf("file").c_str(), "user.name", "value", 5, 0) != 0) {
      GTEST_SKIP() << "there are no attributes of users here";
    }
  }
  static Body Get(uint32_t size, std::string_view name = "user.name") {
    return Body().U32(size).Text("/file").Text(name);
  }
  static Body Set(std::string_view value, uint32_t size, uint32_t flags = 0) {
    return Body().Text("/file").Text("user.name").Text(value).U32(size).U32(flags);
  }
  std::string ValueOnHost() const {
    char value[100];
    const ssize_t length = getxattr(PathOf("file").c_str(), "user.name", value, sizeof value);
    return length < 0 ? "none" : std::string(value, static_cast<size_t>(length));
  }
};

TEST_F(ProxyXattrs, AValueIsRead) {
  EXPECT_EQ(Ask(Type::kLgetxattr, Get(100)).Text(), "value");
  EXPECT_EQ(Ask(Type::kLgetxattr, Get(5)).Text(), "value");
  EXPECT_EQ(StatusOf(Type::kLgetxattr, Get(4)), -ERANGE);
  EXPECT_EQ(StatusOf(Type::kLgetxattr, Get(100, "user.missing")), -ENODATA);
}

TEST_F(ProxyXattrs, ASizeOfNothingAsksForTheLength) {
  const Reply length = Ask(Type::kLgetxattr, Get(0));
  EXPECT_EQ(length.type, 0u);
  EXPECT_EQ(length.Status(), 5);
  EXPECT_EQ(Ask(Type::kLlistxattr, Body().U32(0).Text("/file")).Status(), 10);
}

TEST_F(ProxyXattrs, ASizeBeyondAllBoundsCostsNoMore) {
  for (const uint32_t size : {65535u, 65536u, 0x7fffffffu, 0x80000000u, UINT32_MAX}) {
    EXPECT_EQ(Ask(Type::kLgetxattr, Get(size)).Text(), "value") << size;
    EXPECT_EQ(Ask(Type::kLlistxattr, Body().U32(size).Text("/file")).Text(), "user.name\0"s)
        << size;
  }
}

TEST_F(ProxyXattrs, TheListHasTheNames) {
  EXPECT_EQ(Ask(Type::kLlistxattr, Body().U32(100).Text("/file")).Text(), "user.name\0"s);
  EXPECT_EQ(StatusOf(Type::kLlistxattr, Body().U32(3).Text("/file")), -ERANGE);
}

TEST_F(ProxyXattrs, AValueIsWritten) {
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("other", 5)), 0);
  EXPECT_EQ(ValueOnHost(), "other");
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("other", 5, XATTR_CREATE)), -EEXIST);
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("other", 5, 0x80)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("other", 3)), 0);
  EXPECT_EQ(ValueOnHost(), "oth") << "the size counts";
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("", 0)), 0);
  EXPECT_EQ(ValueOnHost(), "");
}

TEST(ProxyXattrValue, AValueThatNoAnswerHasRoomForIsNotSent) {
  const auto open_path = [](const char* path) {
    return UniqueFd(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  };
  proxy_helper::Operations operations(
      proxy_helper::Tree(open_path("/"), sys::ProcSelfFd(open_path("/proc/self/fd"))),
      identity::ProcessIdentity::OfCallingThread());
  const auto answer = std::make_unique<proxy_helper::Answer>();
  host_calls.getxattr_error = ERANGE;
  for (const auto& [size, error] :
       {std::pair{65536u, ENOBUFS}, {65535u, ENOBUFS}, {65534u, ERANGE}, {100u, ERANGE}}) {
    const Body body = Body().U32(size).Text("/").Text("user.name");
    proxy_helper::Fields fields(std::as_bytes(std::span(body.bytes())));
    const Status status = operations.Lgetxattr(fields, *answer);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.error(), Errno(error)) << size;
    EXPECT_EQ(host_calls.getxattr_room, std::min<size_t>(size, 65534));
  }
  host_calls.getxattr_error = 0;
}

TEST_F(ProxyXattrs, ASizeOfMoreThanTheValueReadsNothingBeyondIt) {
  // What QEMU makes of 65536 bytes, whose length a text cannot have.
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("", 65536)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("other", 6)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kLsetxattr, Set("other", UINT32_MAX)), -EINVAL);
  EXPECT_EQ(ValueOnHost(), "value");
}

TEST_F(ProxyXattrs, AValueIsRemoved) {
  EXPECT_EQ(StatusOf(Type::kLremovexattr, Body().Text("/file").Text("user.name")), 0);
  EXPECT_EQ(ValueOnHost(), "none");
  EXPECT_EQ(StatusOf(Type::kLremovexattr, Body().Text("/file").Text("user.name")), -ENODATA);
}

TEST_F(ProxyXattrs, ALinksTargetIsNotTouched) {
  ASSERT_EQ(symlink("file", PathOf("link").c_str()), 0);
  const Body get = Body().U32(100).Text("/link").Text("user.name");
  EXPECT_LT(StatusOf(Type::kLgetxattr, get), 0);
  EXPECT_LT(StatusOf(Type::kLremovexattr, Body().Text("/link").Text("user.name")), 0);
  EXPECT_LT(StatusOf(Type::kLsetxattr,
                     Body().Text("/link").Text("user.name").Text("other").U32(5).U32(0)),
            0);
  EXPECT_EQ(ValueOnHost(), "value");
}

TEST_F(ProxyXattrs, ANameWithAnEndInItIsNone) {
  EXPECT_EQ(StatusOf(Type::kLgetxattr, Get(100, "user.name\0x"s)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kLgetxattr, Get(100, std::string(300, 'x'))), -ERANGE);
  EXPECT_EQ(StatusOf(Type::kLremovexattr, Body().Text("/file").Text("user.name\0x"s)), -EINVAL);
  EXPECT_EQ(StatusOf(Type::kLsetxattr,
                     Body().Text("/file").Text("user.name\0x"s).Text("other").U32(5).U32(0)),
            -EINVAL);
  EXPECT_EQ(ValueOnHost(), "value");
}

}  // namespace
}  // namespace vfsd::testing
