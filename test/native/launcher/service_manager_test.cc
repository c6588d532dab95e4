// SPDX-License-Identifier: Apache-2.0
#include "launcher/service_manager.h"

#include <sys/socket.h>

#include <array>
#include <string>

#include "gtest/gtest.h"

namespace vfsd::launcher {
namespace {

struct Pair {
  explicit Pair(int type) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends), 0);
    here = UniqueFd(ends[0]);
    there = UniqueFd(ends[1]);
  }
  UniqueFd here;
  UniqueFd there;
};

std::string Received(const UniqueFd& socket) {
  std::array<char, 512> text;
  const ssize_t size = recv(socket.get(), text.data(), text.size(), 0);
  return size < 0 ? "nothing" : std::string(text.data(), static_cast<size_t>(size));
}

TEST(NotificationTest, WhatTheWorkerSaysBecomesAnAssignment) {
  EXPECT_EQ(NotificationFor("R"), "READY=1");
  EXPECT_EQ(NotificationFor("A"), "WATCHDOG=1");
  EXPECT_EQ(NotificationFor("Sconnected"), "STATUS=connected");
}

TEST(NotificationTest, AWorkerInOtherHandsHasNoOtherAssignments) {
  EXPECT_EQ(NotificationFor("Sx\nMAINPID=1"), "");
  EXPECT_EQ(NotificationFor("S\x1b[2J"), "");
  EXPECT_EQ(NotificationFor("READY=1\nFDSTORE=1"), "");
  EXPECT_EQ(NotificationFor("A\n"), "");
  EXPECT_EQ(NotificationFor("MAINPID=1"), "");
  EXPECT_EQ(NotificationFor(""), "");
}

TEST(ServiceManagerTest, ItIsToldWhatTheWorkerSays) {
  Pair manager(SOCK_DGRAM);
  Pair worker(SOCK_SEQPACKET);
  ServiceManager relay(std::move(manager.here));
  EXPECT_EQ(relay.worker(), -1);
  relay.Hear(std::move(worker.here));
  EXPECT_EQ(send(worker.there.get(), "R", 1, 0), 1);
  relay.Relay();
  EXPECT_EQ(Received(manager.there), "READY=1");
  EXPECT_EQ(send(worker.there.get(), "X", 1, 0), 1);
  relay.Relay();
  EXPECT_EQ(Received(manager.there), "nothing");
  relay.TellStopping();
  EXPECT_EQ(Received(manager.there), "STOPPING=1");
}

TEST(ServiceManagerTest, AWorkerThatHasGoneIsHeardNoMore) {
  Pair manager(SOCK_DGRAM);
  Pair worker(SOCK_SEQPACKET);
  ServiceManager relay(std::move(manager.here));
  relay.Hear(std::move(worker.here));
  worker.there.Reset();
  relay.Relay();
  EXPECT_EQ(relay.worker(), -1);
}

TEST(ServiceManagerTest, WithoutAManagerTheWorkerIsNotHeard) {
  Pair worker(SOCK_SEQPACKET);
  ServiceManager relay{UniqueFd()};
  relay.Hear(std::move(worker.here));
  EXPECT_EQ(relay.worker(), -1);
  relay.TellStopping();
}

}  // namespace
}  // namespace vfsd::launcher
