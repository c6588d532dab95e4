// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <grp.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace checks {
namespace {

Run current_run;

constexpr int kPassed = 0;
constexpr int kFailed = 1;
constexpr int kNotApplicable = 2;

std::string Describe(const std::string& message, const Location& where) {
  const char* slash = std::strrchr(where.file_name(), '/');
  const char* file = slash != nullptr ? slash + 1 : where.file_name();
  return std::string(file) + ":" + std::to_string(where.line()) + ": " + message;
}

std::string ErrorText(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

int RunPart(const std::function<void()>& part, int report) {
  try {
    part();
    return kPassed;
  } catch (const NotApplicable& reason) {
    dprintf(report, "%s", reason.what());
    return kNotApplicable;
  } catch (const std::exception& failure) {
    dprintf(report, "%s", failure.what());
    return kFailed;
  }
}

std::string ReadAll(int fd) {
  std::string text;
  char buffer[512];
  ssize_t length = 0;
  while ((length = read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<size_t>(length));
  }
  return text;
}

}  // namespace

const Run& CurrentRun() {
  return current_run;
}
void SetCurrentRun(const Run& run) {
  current_run = run;
}

bool KernelIsAtLeast(int major, int minor) {
  utsname name{};
  uname(&name);
  int running_major = 0;
  int running_minor = 0;
  if (std::sscanf(name.release, "%d.%d", &running_major, &running_minor) != 2) return false;
  return running_major > major || (running_major == major && running_minor >= minor);
}

void Fail(const std::string& message, const Location& where) {
  throw Failure(Describe(message, where));
}

long Must(long result, const Location& where) {
  if (result < 0) Fail("failed with " + ErrorText(errno), where);
  return result;
}

void FailsWith(int wanted, long result, const Location& where) {
  const int error = errno;
  if (result >= 0) Fail("succeeded, and should fail with " + ErrorText(wanted), where);
  if (error != wanted) {
    Fail("failed with " + ErrorText(error) + ", wanted " + ErrorText(wanted), where);
  }
}

void Expect(bool condition, std::string_view what, const Location& where) {
  if (!condition) Fail("not so: " + std::string(what), where);
}

void ExpectSameContent(std::string_view actual, std::string_view wanted, const Location& where) {
  if (actual == wanted) return;
  if (actual.size() != wanted.size()) {
    Fail("found " + std::to_string(actual.size()) + " bytes, wanted " +
             std::to_string(wanted.size()),
         where);
  }
  const auto difference = std::mismatch(actual.begin(), actual.end(), wanted.begin()).first;
  Fail("content differs at byte " + std::to_string(difference - actual.begin()), where);
}

void NeedsOtherOwners() {
  if (CurrentRun().is_unprivileged) {
    throw NotApplicable("the daemon is an ordinary user, and has one id to give to files");
  }
}

void InChild(const std::function<void()>& part) {
  int report[2];
  Must(pipe(report));
  const pid_t child = static_cast<pid_t>(Must(fork()));
  if (child == 0) {
    close(report[0]);
    _exit(RunPart(part, report[1]));
  }
  close(report[1]);
  const std::string message = ReadAll(report[0]);
  close(report[0]);
  int status = 0;
  Must(waitpid(child, &status, 0));
  if (WIFSIGNALED(status)) {
    throw Failure("ended by signal " + std::to_string(WTERMSIG(status)) +
                  (WTERMSIG(status) == SIGALRM ? " (it took too long)" : ""));
  }
  if (WEXITSTATUS(status) == kNotApplicable) throw NotApplicable(message);
  if (WEXITSTATUS(status) != kPassed) throw Failure(message);
}

void AsUser(const std::function<void()>& part) {
  As({1000, 1000}, part);
}

void As(const Person& person, const std::function<void()>& part) {
  InChild([&person, &part] {
    Must(setgroups(person.groups.size(), person.groups.data()));
    Must(setresgid(person.gid, person.gid, person.gid));
    Must(setresuid(person.uid, person.uid, person.uid));
    part();
  });
}

std::vector<Check>& AllChecks() {
  static std::vector<Check> all;
  return all;
}

}  // namespace checks
