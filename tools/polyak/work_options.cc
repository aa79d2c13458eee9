#include "work_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "inputs/input_choice.h"

namespace polyak::command {
namespace {

// The whole of `text` as a whole number.
std::optional<std::uint64_t> WholeNumber(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

std::size_t ThreadsOf(const std::string& text) {
  constexpr std::uint64_t kMostThreads = 1024;
  const auto threads = WholeNumber(text);
  if (!threads || *threads < 1 || *threads > kMostThreads) {
    throw Error(ErrorKind::kUsage,
                "--threads must be a number from 1 to 1024 (found '" + text + "')");
  }
  return *threads;
}

std::uint64_t CountOf(std::string_view option, const std::string& text) {
  const auto number = WholeNumber(text);
  if (number && *number > 0) return *number;
  throw Error(ErrorKind::kUsage, std::string(option) +
                                     " must be a whole number of checkpoints, at least 1 (found '" +
                                     text + "')");
}

ChosenInputs InputsOf(const WorkOptions& options, const Method& method) {
  InputRequest request;
  request.arguments = options.inputs;
  if (options.last) request.last = CountOf("--last", *options.last);
  if (options.every) request.every = CountOf("--every", *options.every);
  // Which of two is A says nothing about their age.
  request.order_matters = method.uses_order && method.name != "interpolate";
  request.is_checkpoint = IsCheckpoint;
  return ChooseInputs(request);
}

void SetTemplate(const std::string& choice, Job& job) {
  if (choice == "first") {
    job.template_index = 0;
  } else if (choice != "last") {
    job.template_path = choice;
  }
}

}  // namespace

void AddChoiceOptions(CLI::App& app, WorkOptions& options) {
  app.add_option("--last", options.last, "Take only the newest N of the checkpoints")
      ->type_name("N")
      ->group("Choice");
  app.add_option("--every", options.every,
                 "Take only every K-th of them, counted back from the newest; --last counts what "
                 "is left")
      ->type_name("K")
      ->group("Choice");
  app.add_option("--template", options.template_choice,
                 "The checkpoint that the output copies all but the averages from (default: last)")
      ->type_name("first|last|PATH")
      ->group("Choice");
  app.add_option("--include", options.include,
                 "Average only tensors whose names match, optimizer state too")
      ->type_name("GLOB")
      ->allow_extra_args(false)
      ->group("Choice");
  app.add_option("--exclude", options.exclude,
                 "Keep the template's value of tensors whose names match, whatever the others have")
      ->type_name("GLOB")
      ->allow_extra_args(false)
      ->group("Choice");
  app.add_option("--missing", options.missing,
                 "What to do with a tensor that some checkpoints lack: refuse, or keep the "
                 "template's value (default: error)")
      ->check(CLI::IsMember({"error", "keep"}))
      ->type_name("error|keep")
      ->group("Choice");
}

void AddWorkOptions(CLI::App& app, WorkOptions& options) {
  app.add_option("-o,--output", options.output, "The checkpoint to write")
      ->required()
      ->type_name("FILE")
      ->group("Output");
  app.add_flag("-f,--force", options.force, "Replace an existing output (and report)")
      ->group("Output");
  app.add_flag("--dry-run", options.dry_run,
               "Print what each tensor would get and why, bytes and memory; write nothing")
      ->group("Output");
  app.add_option("--report", options.report, "Write what was done as JSON")
      ->type_name("FILE")
      ->group("Output");
  app.add_flag("--json", options.json, "Print what was done, or what is wrong, as JSON")
      ->group("Output");
  app.add_flag("--no-provenance", options.no_provenance,
               "Don't record in the output how it was made")
      ->group("Output");
  app.add_flag("--strict", options.strict, "Make every warning an error")->group("Run");
  app.add_flag("--allow-nonfinite", options.allow_nonfinite,
               "Average NaN and infinity by the rules of IEEE 754 instead of refusing")
      ->group("Run");
  app.add_option("-j,--threads", options.threads,
                 "Number of threads (default: the machine's, at most 4)")
      ->type_name("N")
      ->group("Run");
  app.add_option("--memory", options.memory, "Most memory to use, at least 64M (default: 256M)")
      ->type_name("SIZE")
      ->group("Run");
  app.add_option("--progress", options.progress, "When to show progress (default: auto)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("auto|always|never")
      ->group("Run");
  app.add_flag("-q,--quiet", options.quiet, "Print no summary and no progress")->group("Run");
  app.add_flag("-v,--verbose", options.verbose, "List every input and every kept tensor")
      ->group("Run");
}

double NumberOf(std::string_view option, std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) {
    throw Error(ErrorKind::kUsage, std::string(option) + ": '" + std::string(text) +
                                       "' is outside the range of float64");
  }
  if (error != std::errc() || parsed != end) {
    throw Error(ErrorKind::kUsage,
                std::string(option) + ": '" + std::string(text) + "' is not a number");
  }
  return number;
}

std::uint64_t MemoryOf(const std::string& text) {
  constexpr std::string_view kUnits = "KMGTPE";
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string unit = text.substr(digits);
  unit.erase(0, unit.find_first_not_of(' '));
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  int shift = 0;
  if (const std::size_t power = unit.empty() ? kUnits.npos : kUnits.find(unit[0]);
      power != kUnits.npos) {
    shift = 10 * static_cast<int>(power + 1);
    unit.erase(0, 1);
  }
  const bool is_unit = unit.empty() || unit == "B" || (shift > 0 && unit == "IB");
  const auto number = WholeNumber(std::string_view(text).substr(0, digits));
  if (!is_unit || !number || *number > std::numeric_limits<std::uint64_t>::max() >> shift) {
    throw Error(ErrorKind::kUsage, "--memory must be a size such as 512M (found '" + text + "')");
  }
  return *number << shift;
}

Job JobOf(const WorkOptions& options, std::string_view method) {
  ChosenInputs chosen = InputsOf(options, FindMethod(method));
  Job job;
  job.method = method;
  job.inputs = std::move(chosen.paths);
  job.warnings = std::move(chosen.warnings);
  job.left_out = std::move(chosen.left_out_by_window);
  job.output = options.output;
  job.replace_existing = options.force;
  if (options.template_choice) SetTemplate(*options.template_choice, job);
  job.selection = {.include = options.include, .exclude = options.exclude};
  if (options.missing == "keep") job.missing = MissingTensors::kKeep;
  job.strict = options.strict;
  if (options.threads) job.threads = ThreadsOf(*options.threads);
  if (options.memory) job.memory_bytes = MemoryOf(*options.memory);
  job.allow_nonfinite = options.allow_nonfinite;
  job.write_provenance = !options.no_provenance;
  return job;
}

}  // namespace polyak::command
