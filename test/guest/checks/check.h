// SPDX-License-Identifier: Apache-2.0
//
// What a check is written with. A check is a function with a behaviour as its name; it runs in a
// process of its own, in an empty directory of its own on the share, and fails by an exception.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <functional>
#include <source_location>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace checks {

enum class CacheMode { kAuto, kAlways, kNever };

// What the checks are told about the run they are part of.
struct Run {
  std::string share = "/mnt";
  std::string directory = "checks";
  std::string only;
  // Names of checks that make no sense here.
  std::vector<std::string> without;
  CacheMode cache = CacheMode::kAuto;
  // The daemon is an ordinary user of the host, who owns every file whatever the guest asks for.
  bool is_unprivileged = false;
};

const Run& CurrentRun();
void SetCurrentRun(const Run& run);

bool KernelIsAtLeast(int major, int minor);

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown where a check makes no sense, with the reason.
class NotApplicable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using Location = std::source_location;

[[noreturn]] void Fail(const std::string& message, const Location& where = Location::current());

// The result of a system call that has to succeed.
long Must(long result, const Location& where = Location::current());

// The result of a system call that has to fail, with this error.
void FailsWith(int wanted, long result, const Location& where = Location::current());

void Expect(bool condition, std::string_view what, const Location& where = Location::current());

template <typename Actual, typename Wanted>
void ExpectEqual(const Actual& actual, const Wanted& wanted,
                 const Location& where = Location::current()) {
  if (actual == wanted) return;
  std::ostringstream message;
  message << "wanted " << wanted << ", found " << actual;
  Fail(message.str(), where);
}

// Contents are compared without being printed.
void ExpectSameContent(std::string_view actual, std::string_view wanted,
                       const Location& where = Location::current());

// The host has no second user to give the file to, when the daemon is an ordinary user.
void NeedsOtherOwners();

// Runs a part of a check in another process; its failure is the check's failure.
void InChild(const std::function<void()>& part);

// The same, with the guest's ordinary user 1000 and group 1000.
void AsUser(const std::function<void()>& part);

struct Person {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups = {};
};

// The same, with whoever that is.
void As(const Person& person, const std::function<void()>& part);

struct Check {
  const char* name;
  void (*body)();
};

std::vector<Check>& AllChecks();

struct Registration {
  Registration(const char* name, void (*body)()) { AllChecks().push_back({name, body}); }
};

}  // namespace checks

#define CHECK_JOIN_(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_(a, b)
#define CHECK(name) CHECK_NAMED(name, CHECK_JOIN(Check, __LINE__))
#define CHECK_NAMED(name, function)                                            \
  static void function();                                                      \
  static const ::checks::Registration CHECK_JOIN(function, _)(name, function); \
  static void function()
