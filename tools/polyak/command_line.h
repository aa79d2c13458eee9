// The command line: what was typed, as plain structs. Each subcommand has a file with a function
// that adds its options to CLI11's app, and one that does it.
#pragma once

#include <functional>
#include <iosfwd>

namespace CLI {
class App;
}

namespace polyak::command {

// Where a command prints: results, and everything else (progress, warnings).
struct Streams {
  std::ostream& out;
  std::ostream& err;
};

// What a parsed command line asks for; returns the exit status.
using Action = std::function<int(const Streams& streams)>;

// Each adds a subcommand to the app; if it is chosen, `action` does it.
void AddAverage(CLI::App& app, Action& action);
void AddInterpolate(CLI::App& app, Action& action);
void AddInspect(CLI::App& app, Action& action);
void AddDiff(CLI::App& app, Action& action);

// Defines the whole command: what it parses, and what its help, manual pages and completions are
// made from. If a subcommand is parsed, `action` does it; `action` must outlive the app.
void DefineCommand(CLI::App& app, Action& action);

// A command line that makes sense.
struct Command {
  Action action;
  int failure_status = 1;  // what the program exits with where the action throws
};

// Parses the arguments. Throws Error (kUsage). Help and version are actions, too.
Command Parse(int argc, const char* const* argv);

}  // namespace polyak::command
