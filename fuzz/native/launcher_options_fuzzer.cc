// SPDX-License-Identifier: Apache-2.0

// The launcher's command line: a line of the input for each argument. It is the command's, and no
// guest's; but what runs with all rights should not depend on that.

#include <getopt.h>

#include <cstdint>
#include <string>
#include <vector>

#include "input.h"
#include "launcher/message.h"
#include "launcher/options.h"

namespace vfsd::launcher {

// In the place of message.cc, whose lines nobody wants to read here.
void Say(const std::string& /*text*/) {}

}  // namespace vfsd::launcher

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using vfsd::fuzz::Require;
  std::vector<std::string> arguments = {"vfsd-launcher", ""};
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      arguments.emplace_back();
    } else if (data[i] != '\0') {
      arguments.back().push_back(static_cast<char>(data[i]));
    }
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  const auto count = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  // getopt(3): begins anew, also with what it has kept of a cluster of short options.
  optind = 0;
  const auto options = vfsd::launcher::ParseOptions(count, argv.data());
  if (!options) {
    return 0;
  }
  Require(options->shared_dir != nullptr && options->listen_fd >= 0,
          "what the launcher needs is there");
  Require(*options->worker != nullptr, "there is something to execute");
  return 0;
}
