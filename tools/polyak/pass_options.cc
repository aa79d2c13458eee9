#include "pass_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace polyak::command {

void AddPassOptions(CLI::App& app, PassOptions& options) {
  app.add_option("-j,--threads", options.threads,
                 "Number of threads (default: the machine's, at most 4)")
      ->type_name("N");
  app.add_option("--memory", options.memory, "Most memory to use, at least 64M (default: 256M)")
      ->type_name("SIZE");
  app.add_option("--progress", options.progress, "When to show progress: auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

}  // namespace polyak::command
