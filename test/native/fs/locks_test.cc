// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "../fuse/awake_always.h"
#include "fs/passthrough/passthrough.h"
#include "fuse/deferral.h"
#include "gtest/gtest.h"

namespace vfsd::fs::passthrough {
namespace {

using fuse::FileHandle;
using fuse::LockOwner;
using fuse::NodeId;
using namespace std::chrono_literals;

constexpr uint64_t kToTheEnd = std::numeric_limits<off_t>::max();

/** What became of the waits, in the order in which they ended. */
class Outcomes final : public fuse::Deferrer {
 public:
  struct Ended {
    uint64_t number;
    int error;
    friend bool operator==(const Ended&, const Ended&) = default;
  };

  /** The number of the wait that is deferred next. */
  uint64_t next = 0;
  /** The ring stops. */
  std::atomic<bool> unwanted = false;

  std::unique_ptr<fuse::DeferredAnswer> Defer(const fuse::ReplyPlace&) override {
    return std::make_unique<Answer>(*this, next++);
  }

  std::vector<Ended> Await(size_t count) {
    std::unique_lock lock(lock_);
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return ended_.size() >= count; }));
    return ended_;
  }
  size_t count() {
    const std::scoped_lock lock(lock_);
    return ended_.size();
  }

 private:
  class Answer final : public fuse::DeferredAnswer {
   public:
    Answer(Outcomes& outcomes, uint64_t number) : outcomes_(outcomes), number_(number) {}
    ~Answer() override {
      if (!given_) {
        Give(Errno(EINTR));
      }
    }
    void Give(const Status& outcome) override {
      given_ = true;
      const std::scoped_lock lock(outcomes_.lock_);
      outcomes_.ended_.push_back({number_, outcome ? 0 : outcome.error().value()});
      outcomes_.changed_.notify_all();
    }
    bool unwanted() const override { return outcomes_.unwanted; }

   private:
    Outcomes& outcomes_;
    const uint64_t number_;
    bool given_ = false;
  };

  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<Ended> ended_;
};

using Ended = Outcomes::Ended;

/** Two sessions on one directory, as those of two machines are, and the host beside them. */
class LocksTest : public ::testing::Test {
 protected:
  struct Session {
    std::unique_ptr<Passthrough> fs;
    NodeId node{};
    /** Of the one file, opened for reading and writing. */
    FileHandle handle{};
  };

  LocksTest() {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    host_.Reset(open((directory_ + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_TRUE(host_);
    Begin(one_);
    Begin(two_);
  }
  ~LocksTest() override { EXPECT_EQ(std::system(("rm -rf " + directory_).c_str()), 0); }

  static UniqueFd OpenPath(const char* path) { return UniqueFd(open(path, O_PATH | O_CLOEXEC)); }

  void Begin(Session& session, int64_t fd_limit = 2000, bool writeback = false) {
    sys::ProcSelfFd proc(OpenPath("/proc/self/fd"));
    EXPECT_TRUE(proc.Enter().ok());
    Options options;
    options.guest_fd_limit = fd_limit;
    options.posix_lock = options.flock = true;
    options.writeback = writeback;
    session.fs = std::make_unique<Passthrough>(options, std::move(proc),
                                               identity::ProcessIdentity::OfCallingThread());
    ASSERT_TRUE(session.fs->Open(OpenPath(directory_.c_str())).ok());
    const auto entry = session.fs->Lookup(context_, fuse::kRootNode, *fuse::Name::Check("file"));
    ASSERT_TRUE(entry.ok());
    session.node = NodeId{entry->nodeid};
    session.handle = OpenFile(session);
  }

  FileHandle OpenFile(Session& session, uint32_t flags = O_RDWR) {
    const auto open = session.fs->Open(context_, session.node, {flags, 0});
    EXPECT_TRUE(open.ok());
    return FileHandle{open->fh};
  }

  /** Sets a lock; the errno, or 0. */
  int Set(Session& session, uint64_t owner, int type, uint64_t start = 0, uint64_t end = kToTheEnd,
          bool wait = false) {
    return SetBy(session, session.handle, owner, type, start, end, wait);
  }
  int SetBy(Session& session, FileHandle handle, uint64_t owner, int type, uint64_t start = 0,
            uint64_t end = kToTheEnd, bool wait = false, uint32_t flags = 0) {
    deferral_.emplace(outcomes_, place_);
    context_.deferral = &*deferral_;
    const Status set =
        session.fs->SetLk(context_, session.node,
                          {static_cast<uint64_t>(handle),
                           owner,
                           {start, end, static_cast<uint32_t>(type), static_cast<uint32_t>(owner)},
                           flags,
                           0},
                          wait);
    return deferral_->deferred() ? kDeferred : set ? 0 : set.error().value();
  }
  int Flock(Session& session, FileHandle handle, int type, bool wait = false) {
    return SetBy(session, handle, static_cast<uint64_t>(handle), type, 0, kToTheEnd, wait,
                 abi::FUSE_LK_FLOCK);
  }

  Result<abi::fuse_file_lock> Get(Session& session, uint64_t owner, int type, uint64_t start,
                                  uint64_t end) {
    return session.fs->GetLk(context_, session.node,
                             {static_cast<uint64_t>(session.handle),
                              owner,
                              {start, end, static_cast<uint32_t>(type), 0},
                              0,
                              0});
  }

  void Flush(Session& session, FileHandle handle, uint64_t owner) {
    EXPECT_TRUE(session.fs->Flush(context_, session.node, handle, LockOwner{owner}).ok());
  }
  void Release(Session& session, FileHandle handle, uint32_t flags = 0) {
    EXPECT_TRUE(
        session.fs->Release(context_, session.node, {static_cast<uint64_t>(handle), 0, flags, 0})
            .ok());
  }

  /** Sets a lock of the host's own; the errno, or 0. */
  int HostSet(short type, off_t start = 0, off_t length = 0) {
    struct flock lock = {type, SEEK_SET, start, length, 0};
    return fcntl(host_.get(), F_OFD_SETLK, &lock) == 0 ? 0 : errno;
  }

  static constexpr int kDeferred = -1;

  std::string directory_ = "/tmp/vfsd-locks.XXXXXX";
  UniqueFd host_;
  testing::AwakeAlways sleep_;
  Outcomes outcomes_;
  std::array<std::byte, 64> reply_;
  memory::SegmentList segments_;
  memory::SegmentCursor cursor_ = [this] {
    EXPECT_TRUE(segments_.Add(reply_));
    return memory::SegmentCursor(segments_);
  }();
  const fuse::ReplyPlace place_{cursor_, 1};
  std::optional<fuse::Deferral> deferral_;
  fuse::RequestContext context_{{}, abi::FUSE_POSIX_LOCKS | abi::FUSE_FLOCK_LOCKS, sleep_};
  Session one_;
  Session two_;
};

TEST_F(LocksTest, OwnersSessionsAndTheHostKeepEachOtherOutOfARange) {
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 100, 149), 0);
  EXPECT_EQ(Set(one_, 1, F_RDLCK, 100, 149), 0);
  EXPECT_EQ(Set(one_, 2, F_WRLCK, 149, 149), EAGAIN);
  EXPECT_EQ(Set(two_, 1, F_WRLCK, 100, 100), EAGAIN);
  EXPECT_EQ(HostSet(F_WRLCK, 120, 1), EAGAIN);
  EXPECT_EQ(Set(two_, 1, F_RDLCK, 100, 100), 0);
  EXPECT_EQ(Set(two_, 1, F_WRLCK, 0, 99), 0);
  EXPECT_EQ(HostSet(F_WRLCK, 150, 0), 0);
  EXPECT_EQ(Set(one_, 2, F_RDLCK, kToTheEnd, kToTheEnd), EAGAIN);
  EXPECT_EQ(Set(one_, 1, F_UNLCK, 0, kToTheEnd), 0);
  EXPECT_EQ(Set(one_, 3, F_RDLCK, 101, 149), 0);
}

TEST_F(LocksTest, WhatIsInTheWayIsToldWithItsHolderWhereThatIsTheGuests) {
  EXPECT_EQ(Set(one_, 7, F_WRLCK, 10, 19), 0);
  const auto mine = Get(one_, 7, F_WRLCK, 0, 100);
  ASSERT_TRUE(mine.ok());
  EXPECT_EQ(mine->type, static_cast<uint32_t>(F_UNLCK));
  const auto neighbour = Get(one_, 8, F_RDLCK, 0, 100);
  ASSERT_TRUE(neighbour.ok());
  EXPECT_EQ(neighbour->type, static_cast<uint32_t>(F_WRLCK));
  EXPECT_EQ(neighbour->start, 10u);
  EXPECT_EQ(neighbour->end, 19u);
  EXPECT_EQ(neighbour->pid, 7u);
  EXPECT_EQ(Set(one_, 9, F_RDLCK, 200, kToTheEnd), 0);
  const auto stranger = Get(two_, 1, F_WRLCK, 100, kToTheEnd);
  ASSERT_TRUE(stranger.ok());
  EXPECT_EQ(stranger->type, static_cast<uint32_t>(F_RDLCK));
  EXPECT_EQ(stranger->end, kToTheEnd);
  EXPECT_EQ(stranger->pid, 0u);
}

TEST_F(LocksTest, AProgramThatIsLockedForReadingCanBeExecuted) {
  const std::string program = directory_ + "/program";
  ASSERT_EQ(std::system(("cp /bin/true " + program).c_str()), 0);
  Session session = {.fs = std::move(one_.fs)};
  const auto entry = session.fs->Lookup(context_, fuse::kRootNode, *fuse::Name::Check("program"));
  ASSERT_TRUE(entry.ok());
  session.node = NodeId{entry->nodeid};
  session.handle = OpenFile(session, O_RDONLY);
  EXPECT_EQ(Set(session, 1, F_RDLCK), 0);
  EXPECT_EQ(std::system(program.c_str()), 0);
  // One that holds a lock for reading only.
  const FileHandle writing = OpenFile(session, O_RDWR);
  EXPECT_EQ(SetBy(session, writing, 1, F_WRLCK), ENOLCK);
  EXPECT_EQ(SetBy(session, writing, 2, F_WRLCK), EAGAIN);
}

TEST_F(LocksTest, AProcessMayLockForWritingWhatItHasLockedForReading) {
  const FileHandle reading = OpenFile(one_, O_RDONLY);
  EXPECT_EQ(SetBy(one_, reading, 1, F_RDLCK, 0, 9), 0);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 0, 9), 0);
  EXPECT_EQ(HostSet(F_RDLCK, 0, 1), EAGAIN);
}

TEST_F(LocksTest, WhatMakesNoSenseIsRefused) {
  const FileHandle reading = OpenFile(one_, O_RDONLY);
  const FileHandle writing = OpenFile(one_, O_WRONLY);
  EXPECT_EQ(Set(one_, 1, 3), EINVAL);
  EXPECT_EQ(Set(one_, 1, -1), EINVAL);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 2, 1), EINVAL);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 0, kToTheEnd + 1), EINVAL);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, UINT64_MAX, UINT64_MAX), EINVAL);
  EXPECT_EQ(SetBy(one_, one_.handle, 1, F_WRLCK, 0, 1, false, 2), EINVAL);
  EXPECT_EQ(SetBy(one_, FileHandle{99}, 1, F_WRLCK), EBADF);
  EXPECT_EQ(SetBy(one_, reading, 1, F_WRLCK), EBADF);
  EXPECT_EQ(SetBy(one_, writing, 1, F_RDLCK), EBADF);
  EXPECT_EQ(SetBy(one_, reading, 1, F_RDLCK, 0, 0), 0);
  EXPECT_EQ(SetBy(one_, writing, 1, F_WRLCK, 0, 0), 0);
  EXPECT_EQ(SetBy(one_, reading, 1, F_UNLCK), 0);
  EXPECT_EQ(Get(one_, 1, F_UNLCK, 0, 1).error(), Errno(EINVAL));
  EXPECT_EQ(Set(one_, 99, F_UNLCK), 0);
  context_.negotiated = 0;
  EXPECT_EQ(Set(one_, 1, F_RDLCK), ENOSYS);
  EXPECT_EQ(Flock(one_, one_.handle, F_RDLCK), ENOSYS);
  EXPECT_EQ(Get(one_, 1, F_RDLCK, 0, 1).error(), Errno(ENOSYS));
}

TEST_F(LocksTest, WhatTheGuestHasOpenedTheFileForCountsNotWhatTheHostHas) {
  Session session;
  Begin(session, 2000, true);
  const FileHandle writing = OpenFile(session, O_WRONLY);
  EXPECT_EQ(SetBy(session, writing, 1, F_RDLCK), EBADF);
  EXPECT_EQ(SetBy(session, writing, 1, F_WRLCK), 0);
}

TEST_F(LocksTest, AnOwnerThatClosesTheFileLosesItsLocksThere) {
  const FileHandle other = OpenFile(one_);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 0, 9), 0);
  EXPECT_EQ(Set(one_, 2, F_WRLCK, 10, 19), 0);
  Flush(one_, other, 1);
  EXPECT_EQ(HostSet(F_WRLCK, 0, 10), 0);
  EXPECT_EQ(HostSet(F_WRLCK, 10, 10), EAGAIN);
}

TEST_F(LocksTest, AnOwnerWithoutAHandleLosesItsLocks) {
  const FileHandle other = OpenFile(one_);
  EXPECT_EQ(SetBy(one_, other, 1, F_WRLCK, 0, 9), 0);
  EXPECT_EQ(SetBy(one_, other, 2, F_WRLCK, 10, 19), 0);
  EXPECT_EQ(Set(one_, 2, F_WRLCK, 20, 29), 0);
  Release(one_, other);
  EXPECT_EQ(HostSet(F_WRLCK, 0, 10), 0);
  EXPECT_EQ(HostSet(F_WRLCK, 10, 10), EAGAIN);
  Release(one_, one_.handle);
  EXPECT_EQ(HostSet(F_WRLCK), 0);
}

TEST_F(LocksTest, TheEndOfASessionEndsItsLocksAndWaits) {
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 0, 9), 0);
  EXPECT_EQ(Flock(one_, one_.handle, F_WRLCK), 0);
  EXPECT_EQ(Set(two_, 1, F_WRLCK, 10, 19), 0);
  EXPECT_EQ(Set(one_, 2, F_WRLCK, 10, 19, true), kDeferred);
  one_.fs->Reset();
  EXPECT_EQ(outcomes_.Await(1), std::vector<Ended>({{0, EINTR}}));
  EXPECT_EQ(HostSet(F_WRLCK, 0, 10), 0);
  EXPECT_EQ(flock(host_.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(LocksTest, WholeFileLocksBelongToTheHandle) {
  const FileHandle other = OpenFile(one_, O_RDONLY);
  EXPECT_EQ(Flock(one_, one_.handle, F_RDLCK), 0);
  EXPECT_EQ(Flock(one_, other, F_RDLCK), 0);
  EXPECT_EQ(Flock(two_, two_.handle, F_WRLCK), EAGAIN);
  EXPECT_EQ(flock(host_.get(), LOCK_EX | LOCK_NB), -1);
  EXPECT_EQ(Flock(one_, one_.handle, F_UNLCK), 0);
  Release(one_, other, abi::FUSE_RELEASE_FLOCK_UNLOCK);
  EXPECT_EQ(Flock(two_, two_.handle, F_WRLCK), 0);
  Release(two_, two_.handle);
  EXPECT_EQ(flock(host_.get(), LOCK_EX | LOCK_NB), 0);
  // The two kinds do not know of each other.
  EXPECT_EQ(Set(one_, 1, F_WRLCK), 0);
}

TEST_F(LocksTest, DescriptionsOfOwnersAreCounted) {
  Session small;
  Begin(small, 4);  // inode, file, and two owners
  EXPECT_EQ(Set(small, 1, F_RDLCK), 0);
  EXPECT_EQ(Set(small, 2, F_RDLCK), 0);
  EXPECT_EQ(Set(small, 3, F_RDLCK), ENOLCK);
  EXPECT_EQ(Set(small, 2, F_RDLCK, 5, 6), 0);
  Flush(small, small.handle, 1);
  EXPECT_EQ(Set(small, 3, F_RDLCK), 0);
}

TEST_F(LocksTest, AnOwnerWhoseHandleIsReleasedMeanwhileLeavesNothingBehind) {
  Session small;
  Begin(small, 3);  // inode, file, and one owner
  Release(small, small.handle);
  EXPECT_EQ(HostSet(F_WRLCK), 0);
  std::atomic<uint64_t> job = 0;
  std::atomic<int> result = 0;
  std::atomic<bool> ending = false;
  std::thread other([&] {
    fuse::RequestContext context{{}, abi::FUSE_POSIX_LOCKS, sleep_};
    for (uint64_t owner = 0; !ending;) {
      const uint64_t handle = job.exchange(0);
      if (handle != 0) {
        const Status set = small.fs->SetLk(
            context, small.node, {handle, ++owner, {0, kToTheEnd, F_WRLCK, 1}, 0, 0}, false);
        result = set ? 0 : set.error().value();
      }
    }
  });
  bool left_behind = false;
  for (int round = 0; round < 1000 && !left_behind; ++round) {
    const FileHandle handle = OpenFile(small);
    result = -1;
    job = static_cast<uint64_t>(handle);
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::nanoseconds(round * 37 % 5000);
    while (std::chrono::steady_clock::now() < until) {
    }
    Release(small, handle);
    while (result == -1) {
    }
    left_behind = result == ENOLCK;
  }
  ending = true;
  other.join();
  EXPECT_FALSE(left_behind);
}

TEST_F(LocksTest, AWaitEndsWhenTheHostUnlocks) {
  EXPECT_EQ(HostSet(F_WRLCK), 0);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 0, kToTheEnd, true), kDeferred);
  EXPECT_EQ(flock(host_.get(), LOCK_EX), 0);
  EXPECT_EQ(Flock(two_, two_.handle, F_RDLCK, true), kDeferred);
  EXPECT_EQ(outcomes_.count(), 0u);
  EXPECT_EQ(HostSet(F_UNLCK), 0);
  EXPECT_EQ(outcomes_.Await(1), std::vector<Ended>({{0, 0}}));
  EXPECT_EQ(HostSet(F_WRLCK), EAGAIN);
  EXPECT_EQ(flock(host_.get(), LOCK_UN), 0);
  EXPECT_EQ(outcomes_.Await(2).back(), (Ended{1, 0}));
  EXPECT_EQ(flock(host_.get(), LOCK_EX | LOCK_NB), -1);
}

TEST_F(LocksTest, ManyWaitsAreGrantedInTheirOrder) {
  constexpr uint64_t kOwners = 100;
  EXPECT_EQ(HostSet(F_WRLCK), 0);
  for (uint64_t owner = 0; owner < kOwners; ++owner) {
    ASSERT_EQ(Set(one_, owner, F_WRLCK, 0, kToTheEnd, true), kDeferred);
  }
  EXPECT_EQ(HostSet(F_UNLCK), 0);
  for (uint64_t owner = 0; owner < kOwners; ++owner) {
    const std::vector<Ended> ended = outcomes_.Await(owner + 1);
    ASSERT_EQ(ended.back(), (Ended{owner, 0}));
    ASSERT_EQ(ended.size(), owner + 1) << "held by two at once";
    Flush(one_, one_.handle, owner);
  }
}

TEST_F(LocksTest, ManyWaitsForDifferentLocksEndInAnyOrder) {
  constexpr uint64_t kOwners = 40;
  for (uint64_t i = 0; i < kOwners; ++i) {
    ASSERT_EQ(Set(two_, i, F_WRLCK, i, i), 0);
  }
  for (uint64_t i = 0; i < kOwners; ++i) {
    ASSERT_EQ(Set(one_, i, F_WRLCK, i, i, true), kDeferred);
  }
  for (uint64_t i = kOwners; i-- > 0;) {
    ASSERT_EQ(Set(two_, i, F_UNLCK, i, i), 0);
    ASSERT_EQ(outcomes_.Await(kOwners - i).back(), (Ended{i, 0}));
  }
}

TEST_F(LocksTest, WhatNoThreadWaitsForIsTriedWhileTheGuestIsBusy) {
  constexpr int kWaits = 9;  // and eight threads
  for (int i = 0; i < kWaits; ++i) {
    ASSERT_EQ(HostSet(F_WRLCK, i, 1), 0);
    ASSERT_EQ(Set(one_, static_cast<uint64_t>(i), F_WRLCK, static_cast<uint64_t>(i),
                  static_cast<uint64_t>(i), true),
              kDeferred);
  }
  const UniqueFd made(open((directory_ + "/other").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const NodeId other{
      one_.fs->Lookup(context_, fuse::kRootNode, *fuse::Name::Check("other"))->nodeid};
  const auto opened = one_.fs->Open(context_, other, {O_RDWR, 0});
  ASSERT_TRUE(opened.ok());
  // All waits are tried more and more seldom.
  std::this_thread::sleep_for(300ms);
  // Far more often than that.
  std::atomic<bool> closed = false;
  std::atomic<bool> ending = false;
  std::thread busy([&] {
    while (!ending) {
      EXPECT_TRUE(one_.fs->Flush(context_, other, FileHandle{opened->fh}, LockOwner{1}).ok());
      closed = true;
      closed.notify_all();
    }
  });
  closed.wait(false);
  EXPECT_EQ(HostSet(F_UNLCK, kWaits - 1, 1), 0);
  EXPECT_EQ(outcomes_.Await(1), std::vector<Ended>({{kWaits - 1, 0}}));
  ending = true;
  busy.join();
}

TEST_F(LocksTest, AProcessThatHoldsAPartIsNotKeptBehindOneThatWaitsForIt) {
  EXPECT_EQ(HostSet(F_RDLCK), 0);
  EXPECT_EQ(Set(one_, 2, F_RDLCK), 0);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 0, kToTheEnd, true), kDeferred);
  EXPECT_EQ(Set(one_, 2, F_WRLCK, 0, kToTheEnd, true), kDeferred);
  EXPECT_EQ(HostSet(F_UNLCK), 0);
  EXPECT_EQ(outcomes_.Await(1), std::vector<Ended>({{1, 0}}));
  Flush(one_, one_.handle, 2);
  EXPECT_EQ(outcomes_.Await(2).back(), (Ended{0, 0}));
}

TEST_F(LocksTest, AHandleThatMayHoldALockIsNotKeptBehindOneThatWaitsForIt) {
  OpenTable<struct OpenFile> files(0);
  const NodeId node{1};
  const auto open_file = [&] {
    UniqueFd fd(open((directory_ + "/file").c_str(), O_RDWR | O_CLOEXEC));
    return files.Insert({.node = node, .fd = std::move(fd), .traits = {.flush_matters = true}});
  };
  const auto earlier = open_file();
  const auto later = open_file();
  ASSERT_TRUE(earlier && later);
  LockWaits waits;
  ASSERT_TRUE(waits.Start(nullptr, 1).ok());
  const auto wait_for_all = [&](FileHandle handle) {
    waits.Add({.node = node,
               .handle = handle,
               .lock = {.kind = HostLock::Kind::kWholeFile, .type = F_WRLCK},
               .file = std::move(*files.Find(node, handle)),
               .answer = outcomes_.Defer(place_)});
  };
  // It gives this one up only when it is tried.
  ASSERT_EQ(flock((*files.Find(node, *later))->fd.get(), LOCK_SH), 0);
  wait_for_all(*earlier);
  wait_for_all(*later);
  outcomes_.Await(1);
  waits.EndAll();
  outcomes_.Await(2);
}

TEST_F(LocksTest, AReleasedHandleEndsItsWaitsOnly) {
  const FileHandle other = OpenFile(one_);
  EXPECT_EQ(HostSet(F_WRLCK), 0);
  EXPECT_EQ(flock(host_.get(), LOCK_EX), 0);
  EXPECT_EQ(SetBy(one_, other, 1, F_WRLCK, 0, 9, true), kDeferred);
  EXPECT_EQ(Set(one_, 2, F_WRLCK, 0, 9, true), kDeferred);
  EXPECT_EQ(Flock(one_, other, F_WRLCK, true), kDeferred);
  Release(one_, other);
  std::vector<Ended> ended = outcomes_.Await(2);
  std::ranges::sort(ended, {}, &Ended::number);
  EXPECT_EQ(ended, std::vector<Ended>({{0, EINTR}, {2, EINTR}}));
  EXPECT_EQ(HostSet(F_UNLCK), 0);
  EXPECT_EQ(outcomes_.Await(3).back(), (Ended{1, 0}));
}

TEST_F(LocksTest, AFlushDoesNotEndAWaitOfTheSameProcess) {
  const FileHandle other = OpenFile(one_);
  EXPECT_EQ(HostSet(F_WRLCK, 0, 10), 0);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 20, 29), 0);
  EXPECT_EQ(Set(one_, 1, F_WRLCK, 0, 9, true), kDeferred);
  Flush(one_, other, 1);
  Release(one_, other);
  EXPECT_EQ(HostSet(F_WRLCK, 20, 10), 0);
  EXPECT_EQ(HostSet(F_UNLCK, 0, 10), 0);
  EXPECT_EQ(outcomes_.Await(1), std::vector<Ended>({{0, 0}}));
  EXPECT_EQ(HostSet(F_WRLCK, 0, 1), EAGAIN);
  Flush(one_, one_.handle, 1);
  EXPECT_EQ(HostSet(F_WRLCK, 0, 1), 0);
}

TEST_F(LocksTest, WaitsWhoseRingStopsEndAndNewOnesDoNotBegin) {
  EXPECT_EQ(HostSet(F_WRLCK), 0);
  for (uint64_t owner = 0; owner < 20; ++owner) {
    ASSERT_EQ(Set(one_, owner, F_WRLCK, owner % 2, 9, true), kDeferred);
  }
  outcomes_.unwanted = true;
  one_.fs->EndUnwantedWaits();
  for (const Ended& ended : outcomes_.Await(20)) {
    EXPECT_EQ(ended.error, EINTR);
  }
  EXPECT_EQ(Set(one_, 21, F_WRLCK, 0, 9, true), kDeferred);
  EXPECT_EQ(outcomes_.Await(21).back(), (Ended{20, EINTR}));
  outcomes_.unwanted = false;
  EXPECT_EQ(Set(one_, 22, F_WRLCK, 0, 9, true), kDeferred);
  EXPECT_EQ(HostSet(F_UNLCK), 0);
  EXPECT_EQ(outcomes_.Await(22).back(), (Ended{21, 0}));
}

TEST_F(LocksTest, ThereIsAnEndToHowManyMayWait) {
  EXPECT_EQ(HostSet(F_WRLCK), 0);
  for (uint64_t i = 0; i < 1024; ++i) {
    ASSERT_EQ(Set(one_, i % 8, F_WRLCK, 0, kToTheEnd, true), kDeferred);
  }
  EXPECT_EQ(Set(one_, 9, F_WRLCK, 0, kToTheEnd, true), kDeferred);
  EXPECT_EQ(outcomes_.Await(1), std::vector<Ended>({{1024, ENOLCK}}));
  one_.fs.reset();
  EXPECT_EQ(outcomes_.Await(1025).back().error, EINTR);
}

TEST_F(LocksTest, WaitsAndTheirEndsMayMeetInAnyOrder) {
  std::atomic<bool> ending = false;
  std::thread canceller([&] {
    for (int i = 0; !ending; ++i) {
      if (i % 2 == 0) {
        two_.fs->EndUnwantedWaits();
      } else {
        EXPECT_TRUE(two_.fs->Flush(context_, two_.node, two_.handle, LockOwner{1}).ok());
      }
    }
  });
  uint64_t waits = 0;
  for (int round = 0; round < 300; ++round) {
    EXPECT_EQ(Set(one_, 1, F_WRLCK), 0);
    for (uint64_t owner = 0; owner < 3; ++owner) {
      waits += Set(two_, owner, F_RDLCK, owner, 9, true) == kDeferred ? 1u : 0u;
    }
    outcomes_.unwanted = round % 3 == 0;
    Flush(one_, one_.handle, 1);
    outcomes_.Await(waits);
    outcomes_.unwanted = false;
    for (uint64_t owner = 0; owner < 3; ++owner) {
      Flush(two_, two_.handle, owner);
    }
  }
  ending = true;
  canceller.join();
}

}  // namespace
}  // namespace vfsd::fs::passthrough
