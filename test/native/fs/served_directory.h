// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "../fuse/awake_always.h"
#include "fs/passthrough/passthrough.h"
#include "gtest/gtest.h"

namespace vfsd::testing {

/** A directory of its own, served without a ring. */
class ServedDirectory : public ::testing::Test {
 protected:
  ServedDirectory() {
    // What a test before this one has decided for the thread.
    EXPECT_TRUE(identity::KeepSetIdBits(identity::ProcessIdentity::OfCallingThread(), true).ok());
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    EXPECT_EQ(chmod(directory_.c_str(), 0755), 0);
    Serve({});
  }
  ~ServedDirectory() override {
    // Not in /proc/self/fd, where the served process lives.
    std::error_code failed;
    std::filesystem::remove_all(directory_, failed);
    EXPECT_FALSE(failed) << failed.message();
  }

  static UniqueFd OpenPath(const char* path) {
    return UniqueFd(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  Status Begin(fs::passthrough::Options options) {
    sys::ProcSelfFd proc(OpenPath("/proc/self/fd"));
    EXPECT_TRUE(proc.Enter().ok());
    fs_ = std::make_unique<fs::passthrough::Passthrough>(
        options, std::move(proc), identity::ProcessIdentity::OfCallingThread());
    return fs_->Open(OpenPath(directory_.c_str()));
  }
  void Serve(fs::passthrough::Options options) { EXPECT_TRUE(Begin(options).ok()); }

  static fuse::Name NameOf(std::string_view text) { return *fuse::Name::Check(text); }

  /** The requests that follow are this user's. */
  void Be(uint32_t uid, uint32_t gid) {
    context_.caller = {identity::GuestUid{uid}, identity::GuestGid{gid}};
  }

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  struct stat StatOf(const std::string& name) const {
    struct stat found = {};
    EXPECT_EQ(lstat(PathOf(name).c_str(), &found), 0) << name;
    return found;
  }
  uint32_t ModeOf(const std::string& name) const { return StatOf(name).st_mode & 07777u; }
  bool Exists(const std::string& name) const { return access(PathOf(name).c_str(), F_OK) == 0; }

  std::string directory_ = "/tmp/vfsd-served.XXXXXX";
  AwakeAlways sleep_;
  fuse::RequestContext context_{{}, 0, sleep_};
  std::unique_ptr<fs::passthrough::Passthrough> fs_;
};

}  // namespace vfsd::testing
