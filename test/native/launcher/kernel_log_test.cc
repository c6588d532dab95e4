// SPDX-License-Identifier: Apache-2.0
#include "launcher/kernel_log.h"

#include <string>

#include "gtest/gtest.h"

namespace vfsd::launcher {
namespace {

/** As Linux 6.18 has written it. */
std::string Record(const std::string& priority, const std::string& fields) {
  return priority + ",812,779863051,-;audit: type=1326 audit(1796081385.567:3): " + fields + "\n";
}

const std::string kEnd =
    "auid=4294967295 uid=0 gid=0 ses=4294967295 pid=9938 comm=\"vfsd-data-3\" "
    "exe=\"/usr/bin/node\" "
    "sig=31 arch=c000003e syscall=110 compat=0 ip=0x7fe995d1f829 code=0x80000000";

TEST(KernelLog, TellsOfTheCallThatEndedAProcess) {
  const auto call = ReadFatalCall(Record("5", kEnd), 9938);
  ASSERT_TRUE(call);
  EXPECT_EQ(call->thread, "vfsd-data-3");
  EXPECT_EQ(call->architecture, 0xc000003e);
  EXPECT_EQ(call->number, 110);
}

TEST(KernelLog, PassesOverWhatIsNotTheEndOfThisProcess) {
  EXPECT_FALSE(ReadFatalCall(Record("5", kEnd), 993)) << "another process";
  std::string logged = kEnd;
  logged.replace(logged.find("sig=31"), 6, "sig=0");
  EXPECT_FALSE(ReadFatalCall(Record("5", logged), 9938)) << "a call that was let through";
  std::string broken = kEnd;
  broken.erase(broken.find(" syscall="));
  for (const std::string& record : {
           std::string(),
           std::string("5"),
           std::string("5,812,779863051,-;EXT4-fs (vda): mounted filesystem pid=9938 sig=31\n"),
           Record("5", ""),
           Record("5", broken),
       }) {
    EXPECT_FALSE(ReadFatalCall(record, 9938)) << record;
  }
}

TEST(KernelLog, BelievesNoProgramThatWritesLikeTheKernel) {
  EXPECT_FALSE(ReadFatalCall(Record("12", kEnd), 9938));
  EXPECT_FALSE(ReadFatalCall(Record("x", kEnd), 9938));
}

}  // namespace
}  // namespace vfsd::launcher
