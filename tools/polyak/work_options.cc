#include "work_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <optional>
#include <ostream>
#include <system_error>

#include "progress_bar.h"
#include "report/printable.h"
#include "report/summary.h"
#include "signals.h"

namespace polyak::command {
namespace {

constexpr int kDone = 0;
constexpr int kDoneButMaybeNotDurable = 3;

// The whole of `text` as a whole number.
std::optional<std::uint64_t> WholeNumber(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

}  // namespace

void AddWorkOptions(CLI::App& app, WorkOptions& options) {
  app.add_option("-o,--output", options.output, "The checkpoint to write")
      ->required()
      ->type_name("FILE");
  app.add_flag("-f,--force", options.force, "Replace an existing output");
  app.add_option("-j,--threads", options.threads,
                 "Number of threads (default: the machine's, at most 4)")
      ->type_name("N");
  app.add_option("--memory", options.memory, "Most memory to use, at least 64M (default: 256M)")
      ->type_name("SIZE");
  app.add_option("--progress", options.progress, "When to show progress: auto, always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
  app.add_flag("-q,--quiet", options.quiet, "Print no summary and no progress");
  app.add_flag("-v,--verbose", options.verbose, "List every kept tensor");
  app.add_flag("--allow-nonfinite", options.allow_nonfinite,
               "Average NaN and infinity by the rules of IEEE 754 instead of refusing");
  app.add_flag("--no-provenance", options.no_provenance,
               "Don't record in the output how it was made");
}

double NumberOf(std::string_view option, std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range) {
    throw Error(ErrorKind::kUsage, std::string(option) + ": " + std::string(text) +
                                       " is outside the range of float64");
  }
  if (error != std::errc() || parsed != end) {
    throw Error(ErrorKind::kUsage,
                std::string(option) + ": " + std::string(text) + " is not a number");
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
    throw Error(ErrorKind::kUsage, "--memory must be a size such as 512M (found " + text + ")");
  }
  return *number << shift;
}

std::size_t ThreadsOf(const std::string& text) {
  constexpr std::uint64_t kMostThreads = 1024;
  const auto threads = WholeNumber(text);
  if (!threads || *threads < 1 || *threads > kMostThreads) {
    throw Error(ErrorKind::kUsage,
                "--threads must be a number from 1 to 1024 (found " + text + ")");
  }
  return *threads;
}

Job JobOf(const WorkOptions& options) {
  Job job;
  job.inputs.assign(options.inputs.begin(), options.inputs.end());
  job.output = options.output;
  job.replace_existing = options.force;
  if (options.threads) job.threads = ThreadsOf(*options.threads);
  if (options.memory) job.memory_bytes = MemoryOf(*options.memory);
  job.allow_nonfinite = options.allow_nonfinite;
  job.write_provenance = !options.no_provenance;
  return job;
}

int RunJob(Job job, const WorkOptions& options, const Streams& streams) {
  job.control.stop = &StopRequest();
  ProgressBar bar(streams.err, options.quiet ? "never" : options.progress);
  job.control.progress = [&bar](std::uint64_t done, std::uint64_t total) { bar.Show(done, total); };
  const Report report = Average(job);
  bar.Finish();
  for (const std::string& warning : report.warnings) {
    streams.err << "polyak: warning: " << PrintableMessage(warning) << '\n';
  }
  if (!options.quiet) streams.out << SummaryText(report, options.verbose);
  if (report.durability == Durability::kConfirmed) return kDone;
  streams.err << "polyak: warning: " << PrintableMessage(options.output)
              << ": is in place, but the system could not confirm that it survives a power cut\n";
  return kDoneButMaybeNotDurable;
}

}  // namespace polyak::command
