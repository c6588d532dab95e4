// SPDX-License-Identifier: Apache-2.0

// Inodes that outlive their descriptors.

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "served_directory.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::kRootNode;
using fuse::NodeId;

size_t OpenDescriptors() {
  DIR* const own = opendir("/proc/self/fd");
  size_t count = 0;
  while (readdir(own) != nullptr) {
    ++count;
  }
  closedir(own);
  return count;
}

// How often one thread replaces what another one looks up: enough to meet at each of their steps.
constexpr int kRaces = 5'000;

/** File handles are out of the calling thread's reach from now on. */
void RefuseFileHandles(uint32_t error) {
  std::array<sock_filter, 4> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_name_to_handle_at, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program = {filter.size(), filter.data()};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

class InodeHandles : public testing::ServedDirectory {
 protected:
  void SetUp() override {
    if (!Limit(0, InodeFileHandles::kMandatory).ok()) {
      GTEST_SKIP() << "no file handles here";
    }
  }

  /** Begins again with so many descriptors for the guest. */
  Status Limit(int64_t fd_limit, InodeFileHandles handles = InodeFileHandles::kPrefer) {
    Options options;
    options.guest_fd_limit = fd_limit;
    options.xattr = true;
    options.inode_file_handles = handles;
    return Begin(options);
  }

  NodeId LookUp(const std::string& name, NodeId parent = kRootNode) {
    const auto entry = fs_->Lookup(context_, parent, NameOf(name));
    EXPECT_TRUE(entry.ok()) << name << ": " << (entry ? 0 : entry.error().value());
    return entry ? NodeId{entry->nodeid} : NodeId{0};
  }

  Result<fuse::Created> Create(const std::string& name) {
    return fs_->Create(context_, kRootNode, NameOf(name), {.mode = 0600}, {O_RDWR, 0});
  }

  int ErrorOfGetAttr(NodeId node) {
    const auto attributes = fs_->GetAttr(context_, node);
    return attributes ? 0 : attributes.error().value();
  }

  void Write(const std::string& name, const std::string& content = "") {
    const UniqueFd file(open(PathOf(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    ASSERT_TRUE(file);
    ASSERT_EQ(write(file.get(), content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
  }

  void WriteMany(int count) {
    for (int i = 0; i < count; ++i) {
      Write("f" + std::to_string(i), std::string(static_cast<size_t>(i), 'x'));
    }
  }
};

TEST_F(InodeHandles, WithoutADescriptorToSpareEverythingWorksThatOpensNothing) {
  Write("file", "content");
  ASSERT_EQ(mkdir(PathOf("directory").c_str(), 0755), 0);
  ASSERT_EQ(symlink("target", PathOf("link").c_str()), 0);
  ASSERT_EQ(mkfifo(PathOf("fifo").c_str(), 0644), 0);
  const size_t before = OpenDescriptors();
  const NodeId file = LookUp("file");
  const NodeId directory = LookUp("directory");
  const NodeId link = LookUp("link");
  const NodeId fifo = LookUp("fifo");
  EXPECT_EQ(LookUp("file"), file);

  EXPECT_EQ(fs_->GetAttr(context_, file)->attr.size, 7u);
  EXPECT_TRUE(S_ISFIFO(fs_->GetAttr(context_, fifo)->attr.mode));
  std::array<char, 10> target = {};
  EXPECT_EQ(*fs_->ReadLink(context_, link, target), 6u);
  EXPECT_TRUE(fs_->StatFs(context_, directory).ok());
  EXPECT_EQ(fs_->SetAttr(context_, file, {.valid = abi::FATTR_SIZE, .size = 3})->attr.size, 3u);
  EXPECT_TRUE(fs_->MkDir(context_, directory, NameOf("inner"), {.mode = 0755}).ok());
  EXPECT_TRUE(fs_->Link(context_, file, directory, NameOf("second")).ok());
  EXPECT_TRUE(fs_->Rename(context_, kRootNode, NameOf("file"), directory, NameOf("moved"), 0).ok());
  EXPECT_EQ(LookUp("moved", directory), file);
  EXPECT_TRUE(fs_->Unlink(context_, directory, NameOf("moved")).ok());
  EXPECT_TRUE(fs_->RmDir(context_, directory, NameOf("inner")).ok());

  EXPECT_EQ(fs_->Open(context_, file, {O_RDONLY, 0}).error(), Errno(EMFILE));
  EXPECT_EQ(fs_->OpenDir(context_, directory).error(), Errno(EMFILE));
  EXPECT_EQ(Create("new").error(), Errno(EMFILE));
  EXPECT_FALSE(Exists("new"));
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(InodeHandles, OpensTakeDescriptorsFromInodesThatAreNotInUse) {
  constexpr int kLimit = 20;
  ASSERT_TRUE(Limit(kLimit).ok());
  WriteMany(200);
  const size_t before = OpenDescriptors();
  std::vector<NodeId> nodes;
  for (int i = 0; i < 200; ++i) {
    nodes.push_back(LookUp("f" + std::to_string(i)));
    EXPECT_EQ(ErrorOfGetAttr(nodes.back()), 0);
  }
  std::vector<uint64_t> handles;
  for (int i = 0; i < kLimit; ++i) {
    const auto open = fs_->Open(context_, nodes[static_cast<size_t>(i)], {O_RDONLY, 0});
    ASSERT_TRUE(open.ok()) << i;
    handles.push_back(open->fh);
  }
  EXPECT_EQ(fs_->Open(context_, nodes[50], {O_RDONLY, 0}).error(), Errno(EMFILE));
  EXPECT_LE(OpenDescriptors(), before + kLimit);
  for (size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(fs_->GetAttr(context_, nodes[i])->attr.size, i);
  }
  EXPECT_TRUE(fs_->Release(context_, nodes[0], {.fh = handles[0]}).ok());
  EXPECT_TRUE(fs_->Open(context_, nodes[50], {O_RDONLY, 0}).ok());
}

TEST_F(InodeHandles, DescriptorsAreTheGuestsAgainWhenItForgets) {
  ASSERT_TRUE(Limit(10).ok());
  WriteMany(100);
  const size_t before = OpenDescriptors();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      const NodeId node = LookUp("f" + std::to_string(i));
      EXPECT_EQ(ErrorOfGetAttr(node), 0);
      fs_->Forget(node, 1);
    }
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(InodeHandles, AColdInodeIsTheSameWhateverTheHostCallsIt) {
  Write("file", "content");
  const NodeId node = LookUp("file");
  ASSERT_EQ(rename(PathOf("file").c_str(), PathOf("renamed").c_str()), 0);
  EXPECT_EQ(fs_->GetAttr(context_, node)->attr.size, 7u);
  EXPECT_EQ(LookUp("renamed"), node);
}

TEST_F(InodeHandles, AColdInodeThatTheHostHasRemovedIsStale) {
  Write("file");
  const NodeId node = LookUp("file");
  ASSERT_EQ(unlink(PathOf("file").c_str()), 0);
  EXPECT_EQ(ErrorOfGetAttr(node), ESTALE);
}

TEST_F(InodeHandles, AnotherFileWithTheNumberOfAColdOneIsAnotherNode) {
  Write("file", "old");
  const NodeId old = LookUp("file");
  struct stat first;
  ASSERT_EQ(stat(PathOf("file").c_str(), &first), 0);
  ASSERT_EQ(unlink(PathOf("file").c_str()), 0);
  struct stat file = {};
  for (int i = 0; i < 1000 && file.st_ino != first.st_ino; ++i) {
    Write("f" + std::to_string(i));
    ASSERT_EQ(stat(PathOf("f" + std::to_string(i)).c_str(), &file), 0);
    if (file.st_ino == first.st_ino) {
      ASSERT_EQ(rename(PathOf("f" + std::to_string(i)).c_str(), PathOf("reused").c_str()), 0);
    }
  }
  if (file.st_ino != first.st_ino) {
    GTEST_SKIP() << "this file system does not use numbers again soon";
  }
  // The removal of what the old node was must not be taken for the new file's.
  const NodeId fresh = LookUp("reused");
  EXPECT_NE(fresh, old);
  EXPECT_EQ(ErrorOfGetAttr(old), ESTALE);
  EXPECT_EQ(fs_->GetAttr(context_, fresh)->attr.size, 0u);
  EXPECT_EQ(LookUp("reused"), fresh);
  fs_->Forget(old, 1);
  EXPECT_EQ(ErrorOfGetAttr(old), ESTALE);
  EXPECT_EQ(ErrorOfGetAttr(fresh), 0);
}

TEST_F(InodeHandles, WhatTheGuestRemovesWhileItIsColdGoesOnWorking) {
  ASSERT_TRUE(Limit(4).ok());
  WriteMany(20);
  ASSERT_EQ(mkdir(PathOf("directory").c_str(), 0755), 0);
  const NodeId removed = LookUp("f7");
  const NodeId replaced = LookUp("f8");
  const NodeId directory = LookUp("directory");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ErrorOfGetAttr(LookUp("f" + std::to_string(i))), 0);
  }
  ASSERT_TRUE(fs_->Unlink(context_, kRootNode, NameOf("f7")).ok());
  ASSERT_TRUE(fs_->Rename(context_, kRootNode, NameOf("f1"), kRootNode, NameOf("f8"), 0).ok());
  ASSERT_TRUE(fs_->RmDir(context_, kRootNode, NameOf("directory")).ok());
  // Others want their descriptors.
  for (int round = 0; round < 3; ++round) {
    for (int i = 9; i < 20; ++i) {
      EXPECT_EQ(ErrorOfGetAttr(LookUp("f" + std::to_string(i))), 0);
    }
  }
  EXPECT_EQ(fs_->GetAttr(context_, removed)->attr.nlink, 0u);
  EXPECT_EQ(fs_->GetAttr(context_, replaced)->attr.size, 8u);
  EXPECT_EQ(fs_->GetAttr(context_, replaced)->attr.nlink, 0u);
  EXPECT_EQ(ErrorOfGetAttr(directory), 0);
}

TEST_F(InodeHandles, AFileWithoutANameStaysHot) {
  ASSERT_TRUE(Limit(4).ok());
  WriteMany(20);
  const auto created = fs_->TmpFile(context_, kRootNode, {.mode = 0600}, {O_RDWR, 0});
  ASSERT_TRUE(created.ok());
  const NodeId node{created->entry.nodeid};
  ASSERT_TRUE(fs_->Release(context_, node, {.fh = created->open.fh}).ok());
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(ErrorOfGetAttr(LookUp("f" + std::to_string(i))), 0);
    }
  }
  EXPECT_EQ(fs_->GetAttr(context_, node)->attr.nlink, 0u);
}

TEST_F(InodeHandles, WhatTheHostCouldNotMakeAHandleForIsAskedAgain) {
  ASSERT_TRUE(Limit(2).ok());
  WriteMany(2);
  const NodeId node = LookUp("f0");
  LookUp("f1");
  std::thread([&] {
    RefuseFileHandles(ENOMEM);
    EXPECT_EQ(fs_->Open(context_, node, {O_RDONLY, 0}).error(), Errno(EMFILE));
  }).join();
  EXPECT_TRUE(fs_->Open(context_, node, {O_RDONLY, 0}).ok());
}

TEST_F(InodeHandles, AnOpenFileThatTheHostRemovesIsNotLostWhileItsInodeIsCold) {
  ASSERT_TRUE(Limit(1).ok());
  Write("file", "content");
  const NodeId node = LookUp("file");
  // The only descriptor becomes the open file's.
  ASSERT_TRUE(fs_->Open(context_, node, {O_RDONLY, 0}).ok());
  ASSERT_EQ(unlink(PathOf("file").c_str()), 0);
  EXPECT_EQ(fs_->GetAttr(context_, node)->attr.nlink, 0u);
}

TEST_F(InodeHandles, AThreadWithoutTheCapabilityHasNoUseForThem) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root has capabilities to give up";
  }
  std::thread([this] {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[2] = {};
    ASSERT_EQ(syscall(SYS_capget, &header, sets), 0);
    sets[0].effective &= ~(1u << CAP_DAC_READ_SEARCH);
    ASSERT_EQ(syscall(SYS_capset, &header, sets), 0);
    EXPECT_EQ(Limit(1, InodeFileHandles::kMandatory).error(), Errno(EPERM));
    ASSERT_TRUE(Limit(1).ok());
    Write("first");
    Write("second");
    EXPECT_NE(LookUp("first"), NodeId{0});
    EXPECT_EQ(fs_->Lookup(context_, kRootNode, NameOf("second")).error(), Errno(EMFILE));
  }).join();
}

TEST_F(InodeHandles, WhereTheyAreMandatoryAFileSystemWithoutThemIsNotServed) {
  struct statfs terminals;
  if (statfs("/dev/pts", &terminals) != 0 || terminals.f_type != 0x1cd1) {
    GTEST_SKIP() << "no devpts, which has no file handles";
  }
  const auto begin = [](const char* path, InodeFileHandles handles) {
    auto fs = std::make_unique<Passthrough>(
        Options{.inode_file_handles = handles, .guest_fd_limit = 10},
        sys::ProcSelfFd(OpenPath("/proc/self/fd")), identity::ProcessIdentity::OfCallingThread());
    const Status begun = fs->Open(OpenPath(path));
    return std::pair(begun ? 0 : begun.error().value(), std::move(fs));
  };
  EXPECT_EQ(begin("/dev/pts", InodeFileHandles::kMandatory).first, EOPNOTSUPP);
  EXPECT_EQ(begin("/dev/pts", InodeFileHandles::kPrefer).first, 0);
  const auto mandatory = begin("/dev", InodeFileHandles::kMandatory);
  ASSERT_EQ(mandatory.first, 0);
  EXPECT_EQ(mandatory.second->Lookup(context_, kRootNode, NameOf("pts")).error(),
            Errno(EOPNOTSUPP));
  const auto preferred = begin("/dev", InodeFileHandles::kPrefer);
  EXPECT_TRUE(preferred.second->Lookup(context_, kRootNode, NameOf("pts")).ok());
}

TEST_F(InodeHandles, AColdInodeIsOfTheTypeThatItWasFoundWithWhateverTakesItsNameMeanwhile) {
  ASSERT_TRUE(Limit(0).ok());
  std::atomic<bool> end = false;
  std::jthread replacer([&] {
    for (int round = 0; round < kRaces; ++round) {
      (void)mkfifo(PathOf("f").c_str(), 0600);
      (void)unlink(PathOf("f").c_str());
      const UniqueFd file(open(PathOf("f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      (void)unlink(PathOf("f").c_str());
    }
    end = true;
  });
  int wrong = 0;
  while (!end) {
    const auto entry = fs_->Lookup(context_, kRootNode, NameOf("f"));
    if (entry) {
      const auto now = fs_->GetAttr(context_, NodeId{entry->nodeid});
      wrong += now && (now->attr.mode & S_IFMT) != (entry->attr.mode & S_IFMT) ? 1 : 0;
      fs_->Forget(NodeId{entry->nodeid}, 1);
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(InodeHandles, ANameIsNotTakenForAFileThatGotItsNumberAfterItsRemoval) {
  ASSERT_TRUE(Limit(100, InodeFileHandles::kNever).ok());
  constexpr uint32_t kOthersMode = 0600;
  std::atomic<bool> end = false;
  std::jthread replacer([&] {
    testing::AwakeAlways sleep;
    fuse::RequestContext context{{}, 0, sleep};
    for (int round = 0; round < kRaces; ++round) {
      { const UniqueFd file(open(PathOf("f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)); }
      (void)unlink(PathOf("f").c_str());
      const auto other =
          fs_->MkNod(context, kRootNode, NameOf("other"), {.mode = S_IFREG | kOthersMode}, 0);
      if (other) {
        std::this_thread::yield();
        fs_->Forget(NodeId{other->nodeid}, 1);
      }
      (void)unlink(PathOf("other").c_str());
    }
    end = true;
  });
  int wrong = 0;
  while (!end) {
    const auto entry = fs_->Lookup(context_, kRootNode, NameOf("f"));
    if (entry) {
      const auto now = fs_->GetAttr(context_, NodeId{entry->nodeid});
      wrong += now && (now->attr.mode & 07777) == kOthersMode ? 1 : 0;
      fs_->Forget(NodeId{entry->nodeid}, 1);
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(InodeHandles, ThreadsThatUseForgetAndRemoveWhatBecomesColdAgree) {
  ASSERT_TRUE(Limit(8).ok());
  WriteMany(32);
  const size_t before = OpenDescriptors();
  std::atomic<int> wrong = 0;
  const auto work = [&](unsigned seed) {
    testing::AwakeAlways sleep;
    fuse::RequestContext context{{}, 0, sleep};
    for (unsigned round = 0; round < 3000; ++round) {
      const unsigned number = (round * 7 + seed * 11) % 32;
      const auto entry = fs_->Lookup(context, kRootNode, NameOf("f" + std::to_string(number)));
      if (!entry) {
        ++wrong;
        continue;
      }
      const NodeId node{entry->nodeid};
      const auto attributes = fs_->GetAttr(context, node);
      wrong += !attributes || attributes->attr.size != number ? 1 : 0;
      if (round % 5 == seed) {
        const auto open = fs_->Open(context, node, {O_RDONLY, 0});
        if (open) {
          wrong += fs_->Release(context, node, {.fh = open->fh}) ? 0 : 1;
        }
      }
      fs_->Forget(node, 1);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < 4; ++i) {
      threads.emplace_back(work, i);
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace vfsd::fs::passthrough
