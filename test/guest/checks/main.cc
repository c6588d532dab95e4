// SPDX-License-Identifier: Apache-2.0
//
//   guest-checks run [--share=DIR] [--directory=NAME] [--cache=auto|always|never] [--unprivileged]
//                    [--only=PART-OF-NAME] [--without=NAME]...
//   guest-checks manifest DIR
//   guest-checks hold fcntl|flock try|wait FILE COMMAND
//   guest-checks outcomes|outcomes-of-modes DIR
//
// `run` prints a line in the Test Anything Protocol for each check, and leaves the files where they
// are: the host compares them with the manifest. `outcomes` prints what is the same on all file
// systems that cannot be told apart.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "check.h"
#include "hold.h"
#include "manifest.h"
#include "outcomes.h"

namespace {

using checks::CacheMode;
using checks::Run;

constexpr unsigned kSecondsPerCheck = 120;

std::optional<std::string> ValueOf(std::string_view argument, std::string_view option) {
  if (!argument.starts_with(option)) return std::nullopt;
  return std::string(argument.substr(option.size()));
}

bool ReadCacheMode(const std::string& name, CacheMode& mode) {
  if (name == "auto")
    mode = CacheMode::kAuto;
  else if (name == "always")
    mode = CacheMode::kAlways;
  else if (name == "never")
    mode = CacheMode::kNever;
  else
    return false;
  return true;
}

bool ReadArgument(std::string_view argument, Run& run) {
  if (auto share = ValueOf(argument, "--share="))
    run.share = *share;
  else if (auto directory = ValueOf(argument, "--directory="))
    run.directory = *directory;
  else if (auto only = ValueOf(argument, "--only="))
    run.only = *only;
  else if (auto without = ValueOf(argument, "--without="))
    run.without.push_back(*without);
  else if (auto cache = ValueOf(argument, "--cache="))
    return ReadCacheMode(*cache, run.cache);
  else if (argument == "--unprivileged")
    run.is_unprivileged = true;
  else
    return false;
  return true;
}

// A check that hangs in the kernel cannot be ended; one that waits is, and its children with it.
void RunInOwnDirectory(const checks::Check& check, const std::string& directory) {
  checks::InChild([&] {
    alarm(kSecondsPerCheck);
    umask(022);
    checks::Must(mkdir(directory.c_str(), 0755));
    checks::Must(chdir(directory.c_str()));
    check.body();
  });
}

void Report(size_t number, const checks::Check& check, const std::string& directory, bool& passed) {
  try {
    RunInOwnDirectory(check, directory);
    std::printf("ok %zu - %s\n", number, check.name);
  } catch (const checks::NotApplicable& reason) {
    std::printf("ok %zu - %s # SKIP %s\n", number, check.name, reason.what());
  } catch (const checks::Failure& failure) {
    passed = false;
    std::printf("not ok %zu - %s\n# %s\n", number, check.name, failure.what());
  }
  std::fflush(stdout);
}

int RunChecks(const Run& run) {
  checks::SetCurrentRun(run);
  const std::string base = run.share + "/" + run.directory;
  if (mkdir(base.c_str(), 0777) != 0 && errno != EEXIST) {
    std::printf("Bail out! cannot make %s: %s\n", base.c_str(), std::strerror(errno));
    return 1;
  }
  bool passed = true;
  size_t number = 0;
  for (const checks::Check& check : checks::AllChecks()) {
    if (std::string_view(check.name).find(run.only) == std::string_view::npos) continue;
    ++number;
    if (std::ranges::find(run.without, check.name) != run.without.end()) {
      std::printf("ok %zu - %s # SKIP left out\n", number, check.name);
      continue;
    }
    char leaf[16];
    std::snprintf(leaf, sizeof leaf, "/%03zu", number);
    Report(number, check, base + leaf, passed);
  }
  std::printf("1..%zu\n", number);
  return passed ? 0 : 1;
}

int Usage() {
  std::fprintf(stderr,
               "usage: guest-checks run [OPTION]... | manifest DIR | hold ... | "
               "outcomes DIR | outcomes-of-modes DIR\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "manifest") return checks::PrintManifest(argv[2]);
  if (argc == 6 && std::string_view(argv[1]) == "hold") return checks::HoldLock(argv + 2);
  if (argc == 3 && std::string_view(argv[1]) == "outcomes") {
    return checks::PrintOutcomes(argv[2], checks::Outcomes::kAll);
  }
  if (argc == 3 && std::string_view(argv[1]) == "outcomes-of-modes") {
    return checks::PrintOutcomes(argv[2], checks::Outcomes::kOfModes);
  }
  if (argc < 2 || std::string_view(argv[1]) != "run") return Usage();
  Run run;
  for (int index = 2; index < argc; ++index) {
    if (!ReadArgument(argv[index], run)) return Usage();
  }
  return RunChecks(run);
}
