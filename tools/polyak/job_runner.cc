#include "job_runner.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>

#include "json_errors.h"
#include "long_lines.h"
#include "messages.h"
#include "plan_table.h"
#include "progress_bar.h"
#include "report/report_json.h"
#include "report/summary.h"
#include "report_file.h"
#include "sandbox.h"
#include "terminal.h"

namespace polyak::command {
namespace {

constexpr int kDone = 0;
constexpr int kDoneButMaybeNotDurable = 3;

// The report's options are those that the library was given; these chose what it was given.
void AddChoice(const WorkOptions& options, Report& report) {
  const auto add_count = [&report](const char* name, const std::optional<std::string>& count) {
    if (count) report.options.push_back({name, CountOf(name, *count)});
  };
  add_count("last", options.last);
  add_count("every", options.every);
  if (options.template_choice) report.options.push_back({"template", *options.template_choice});
  if (options.strict) report.options.push_back({"strict", true});
  if (options.no_provenance) report.options.push_back({"no-provenance", true});
}

void Print(const Report& report, const WorkOptions& options, std::ostream& out) {
  if (options.json) {
    WriteJson(report, out);
  } else if (!options.quiet) {
    if (report.is_dry_run) PrintPlanTable(report, out);
    if (options.verbose) {  // what it lists is wanted whole
      WriteSummary(report, true, out);
      return;
    }
    std::ostringstream summary;
    WriteSummary(report, false, summary);
    out << WithoutLongLines(summary.str(), TerminalColumns(STDOUT_FILENO));
  }
}

RunFiles FilesOf(const WorkOptions& options, const Job& job) {
  RunFiles files{.inputs = job.inputs, .outputs = {job.output}, .stop = job.control.stop};
  if (!options.report.empty()) files.outputs.emplace_back(options.report);
  return files;
}

int StatusOf(Durability durability, const std::string& file, std::ostream& err) {
  if (durability == Durability::kConfirmed) return kDone;
  PrintWarning(err, file +
                        ": is in place, but the system could not confirm that it survives a power "
                        "cut");
  return kDoneButMaybeNotDurable;
}

// What was done, or is to be; returns the status.
int Tell(Report& report, const WorkOptions& options, const Streams& streams) {
  AddChoice(options, report);
  int status = StatusOf(report.durability, options.output, streams.err);
  if (!options.report.empty()) {
    const Durability durability = WriteReportFile(options.report, report, options.force);
    status = std::max(status, StatusOf(durability, options.report, streams.err));
  }
  Print(report, options, streams.out);
  return status;
}

int Run(Job job, const WorkOptions& options, const Streams& streams) {
  ProgressBar bar(streams.err, options.quiet ? "never" : options.pass.progress);
  SetPass(options.pass, streams.err, bar, job);
  CheckReportFile(options.report, job);
  EnterSandbox(options.pass, FilesOf(options, job), options.verbose, streams.err, job.hdf5_helper);
  Report report = options.dry_run ? PlanAverage(job) : Average(job);
  try {
    bar.Finish();
    return Tell(report, options, streams);
  } catch (const std::bad_alloc&) {
    if (options.dry_run) throw;
    throw OutOfMemory("out of memory, but the output is in place");
  }
}

}  // namespace

int RunJob(const std::function<Job()>& make_job, const WorkOptions& options,
           const Streams& streams) {
  return WithErrorsAsJson(options.json, streams.out,
                          [&] { return Run(make_job(), options, streams); });
}

}  // namespace polyak::command
