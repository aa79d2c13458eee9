#include "pass_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace polyak::command {

void AddPassOptions(CLI::App& app, PassOptions& options) {
  app.add_option("-j,--threads", options.threads,
                 "Number of threads (default: the machine's, at most 8)")
      ->type_name("N")
      ->group("Run");
  app.add_option("--memory", options.memory, "Most memory to use, at least 64M (default: 256M)")
      ->type_name("SIZE")
      ->group("Run");
  app.add_option("--progress", options.progress, "When to show progress (default: auto)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("auto|always|never")
      ->group("Run");
  app.add_option("--sandbox", options.sandbox,
                 "Give up what the run doesn't need before reading a checkpoint: other files, "
                 "programs, sockets; require fails where the kernel can't do that (default: on)")
      ->check(CLI::IsMember({"off", "on", "require"}))
      ->type_name("off|on|require")
      ->group("Run");
}

}  // namespace polyak::command
