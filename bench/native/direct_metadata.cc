// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/unique_fd.h"
#include "direct_calls.h"

namespace vfsd::bench {
namespace {

constexpr unsigned kStatxMask = STATX_BASIC_STATS;
constexpr int kStatxInode = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;

/** Operations that differ in their calls only. */
class Metadata : public DirectCalls {
 public:
  using Calls = bool (Metadata::*)();

  Metadata(int root, Calls calls)
      : calls_(calls),
        root_(fcntl(root, F_DUPFD_CLOEXEC, 0)),
        file_(openat(root, "file", O_PATH | O_CLOEXEC)),
        created_(openat(root, "created", O_PATH | O_CLOEXEC)),
        // As vfsd has it: a link in here is how an O_PATH descriptor gets the calls that refuse it.
        links_(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)),
        link_(std::to_string(file_.get())),
        before_(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    // Where vfsd works, so that its calls that want a path get a bare number.
    at_home_ = fchdir(links_.get()) == 0;
  }
  Metadata(const Metadata&) = delete;
  Metadata& operator=(const Metadata&) = delete;
  ~Metadata() override {
    // Nothing here depends on it: what comes next opens by absolute paths.
    [[maybe_unused]] const int back = fchdir(before_.get());
  }

  bool is_ready() const { return root_ && file_ && created_ && links_ && before_ && at_home_; }
  bool Do() override { return (this->*calls_)(); }

  bool GetAttr() { return Stat(file_.get(), "", kStatxInode); }
  bool LookupKnown() { return Stat(root_.get(), "file", AT_SYMLINK_NOFOLLOW); }
  bool LookupMissing() {
    return !Stat(root_.get(), "no such name", AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
  }
  bool SetMode() {
    mode_ ^= 0020;
    return Called(fchmodat(links_.get(), link_.c_str(), mode_, 0)) && GetAttr();
  }
  bool SetTimes() {
    const timespec times[] = {{1'000'000'000, ++nanosecond_}, {1'000'000'000, nanosecond_}};
    return Called(utimensat(file_.get(), "", times, AT_EMPTY_PATH)) && GetAttr();
  }
  bool StatFs() {
    struct statfs status;
    return Called(fstatfs(file_.get(), &status));
  }
  bool GetXattr() {
    std::array<char, 256> value;
    return Called(getxattr(link_.c_str(), "user.bench", value.data(), value.size()));
  }
  bool GetXattrMissing() {
    std::array<char, 256> value;
    return !Called(getxattr(link_.c_str(), "security.capability", value.data(), value.size())) &&
           errno == ENODATA;
  }
  bool Open() {
    const int fd = openat(links_.get(), link_.c_str(), O_RDONLY | O_CLOEXEC);
    return Called(fd) && Called(close(fd));
  }
  bool Create() {
    static constexpr std::array<std::byte, 4096> kPage = {};
    const int fd = openat(created_.get(), "direct", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (!Called(fd)) {
      return false;
    }
    const UniqueFd inode(openat(created_.get(), "direct", O_PATH | O_NOFOLLOW | O_CLOEXEC));
    const bool done = Called(inode.get()) && Stat(inode.get(), "", kStatxInode) &&
                      Called(pwrite(fd, kPage.data(), kPage.size(), 0));
    return Called(close(fd)) && done && Called(unlinkat(created_.get(), "direct", 0)) &&
           Called(0);  // the close of the inode
  }
  bool MkDir() {
    if (!Called(mkdirat(created_.get(), "direct", 0750))) {
      return false;
    }
    const UniqueFd inode(openat(created_.get(), "direct", O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return Called(inode.get()) && Stat(inode.get(), "", kStatxInode) &&
           Called(unlinkat(created_.get(), "direct", AT_REMOVEDIR)) && Called(0);
  }
  bool Symlink() {
    if (!Called(symlinkat("where/to/look", created_.get(), "direct"))) {
      return false;
    }
    const UniqueFd inode(openat(created_.get(), "direct", O_PATH | O_NOFOLLOW | O_CLOEXEC));
    std::array<char, 4096> target;
    return Called(inode.get()) && Stat(inode.get(), "", kStatxInode) &&
           Called(readlinkat(inode.get(), "", target.data(), target.size())) &&
           Called(unlinkat(created_.get(), "direct", 0)) && Called(0);
  }
  bool Rename() {
    return Called(renameat2(root_.get(), "renamed", root_.get(), "renamed again", 0)) &&
           Called(renameat2(root_.get(), "renamed again", root_.get(), "renamed", 0));
  }
  bool List() {
    if (!listed_) {
      listed_.Reset(openat(root_.get(), "listed", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    if (!Called(lseek(listed_.get(), 0, SEEK_SET))) {
      return false;
    }
    alignas(dirent64) std::array<char, 32768> entries;
    for (;;) {
      const long size = syscall(SYS_getdents64, listed_.get(), entries.data(), entries.size());
      if (!Called(size) || size == 0) {
        return size == 0;
      }
      for (long at = 0; at < size;) {
        const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
        at += entry->d_reclen;
        if (entry->d_name[0] != '.' && !Stat(listed_.get(), entry->d_name, AT_SYMLINK_NOFOLLOW)) {
          return false;
        }
      }
    }
  }

 private:
  bool Stat(int directory, const char* name, int flags) {
    struct statx status;
    return Called(statx(directory, name, flags, kStatxMask, &status));
  }

  const Calls calls_;
  const UniqueFd root_;
  const UniqueFd file_;
  const UniqueFd created_;
  const UniqueFd links_;
  const std::string link_;
  const UniqueFd before_;
  bool at_home_ = false;
  UniqueFd listed_;
  mode_t mode_ = 0644;
  long nanosecond_ = 0;
};

struct Kind {
  std::string_view name;
  Metadata::Calls calls;
};

constexpr Kind kKinds[] = {
    {"getattr", &Metadata::GetAttr},
    {"setattr-mode", &Metadata::SetMode},
    {"setattr-times", &Metadata::SetTimes},
    {"statfs", &Metadata::StatFs},
    {"getxattr", &Metadata::GetXattr},
    {"getxattr-missing", &Metadata::GetXattrMissing},
    {"open", &Metadata::Open},
    {"lookup-known", &Metadata::LookupKnown},
    {"lookup-missing", &Metadata::LookupMissing},
    {"create", &Metadata::Create},
    {"mkdir", &Metadata::MkDir},
    {"symlink", &Metadata::Symlink},
    {"rename", &Metadata::Rename},
    {"readdirplus", &Metadata::List},
};

}  // namespace

std::unique_ptr<DirectCalls> MakeDirectMetadata(std::string_view kind, int root) {
  for (const Kind& one : kKinds) {
    if (one.name == kind) {
      auto calls = std::make_unique<Metadata>(root, one.calls);
      return calls->is_ready() ? std::move(calls) : nullptr;
    }
  }
  return nullptr;
}

std::unique_ptr<DirectCalls> MakeDirectCalls(std::string_view kind, const std::string& share,
                                             uint64_t block) {
  const UniqueFd root(open(share.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::unique_ptr<DirectCalls> calls = MakeDirectMetadata(kind, root.get());
  return calls != nullptr ? std::move(calls) : MakeDirectData(kind, root.get(), block);
}

}  // namespace vfsd::bench
