// The options that all commands share that pass over the data.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "command_line.h"
#include "messages.h"
#include "progress_bar.h"
#include "signals.h"
#include "typed_values.h"

namespace polyak::command {

// What was typed, before it is known what it means.
struct PassOptions {
  std::optional<std::string> threads;
  std::optional<std::string> memory;
  std::string progress = "auto";
  std::string sandbox = "on";
};

void AddPassOptions(CLI::App& app, PassOptions& options);

// Sets what all jobs of that kind have: threads, memory, a stop by signals, progress on `bar`,
// warnings on `err`; these two must outlive the job.
template <class Job>
void SetPass(const PassOptions& options, std::ostream& err, ProgressBar& bar, Job& job) {
  if (options.threads) job.threads = ThreadsOf(*options.threads);
  if (options.memory) job.memory_bytes = MemoryOf(*options.memory);
  job.control.stop = &StopRequest();
  job.control.progress = [&bar](std::uint64_t done, std::uint64_t total) { bar.Show(done, total); };
  job.control.warning = [&err, &bar](const std::string& warning) {
    bar.Finish();
    PrintWarning(err, warning);
  };
}

}  // namespace polyak::command
