// The options that all commands share that write an output.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command_line.h"
#include "polyak.h"

namespace polyak::command {

// What was typed, before it is known what it means.
struct WorkOptions {
  std::vector<std::string> inputs;
  std::string output;
  bool force = false;
  std::optional<std::string> threads;
  std::optional<std::string> memory;
  std::string progress = "auto";
  bool quiet = false;
  bool verbose = false;
  bool allow_nonfinite = false;
  bool no_provenance = false;
};

void AddWorkOptions(CLI::App& app, WorkOptions& options);

// The whole of `text` as a number, rounded once; throws Error (kUsage) that names the option.
double NumberOf(std::string_view option, std::string_view text);

// Bytes: "300000000", or with a unit of powers of 1024: "512M", "512MiB", "512 MB", "2G". Throws
// Error (kUsage).
std::uint64_t MemoryOf(const std::string& text);

// What --threads means. Throws Error (kUsage).
std::size_t ThreadsOf(const std::string& text);

// The job that the shared options mean.
Job JobOf(const WorkOptions& options);

// Does the job with progress as wished and prints the summary; returns the exit status.
int RunJob(Job job, const WorkOptions& options, const Streams& streams);

}  // namespace polyak::command
