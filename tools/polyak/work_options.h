// The options that all commands share that write an output: what was typed, and what it means.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command_line.h"
#include "pass_options.h"
#include "polyak.h"

namespace polyak::command {

// What was typed, before it is known what it means.
struct WorkOptions {
  std::vector<std::string> inputs;
  std::optional<std::string> last;
  std::optional<std::string> every;
  std::optional<std::string> template_choice;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::string missing = "error";

  std::string output;
  bool force = false;
  std::string report;  // empty: none is written
  bool json = false;
  bool dry_run = false;
  bool no_provenance = false;
  bool single_data = false;

  bool strict = false;
  bool allow_nonfinite = false;
  PassOptions pass;
  bool quiet = false;
  bool verbose = false;
};

// Those that choose: inputs, the template, tensors.
void AddChoiceOptions(CLI::App& app, WorkOptions& options);
// Those about the output, and how the work is done.
void AddWorkOptions(CLI::App& app, WorkOptions& options);

// The job that the shared options mean, for one of Methods(); the inputs are chosen, and their
// folders read. Throws Error (kUsage, and what ChooseInputs throws).
Job JobOf(const WorkOptions& options, std::string_view method);

}  // namespace polyak::command
