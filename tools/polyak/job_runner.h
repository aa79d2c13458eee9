// Does a job, or plans it, and tells about it as the shared options ask.
#pragma once

#include <functional>

#include "command_line.h"
#include "polyak.h"
#include "work_options.h"

namespace polyak::command {

// `make_job` says what is to be done; what it throws is told as what the job throws. Prints
// progress, warnings and the summary, the plan or JSON, writes the report; returns the exit
// status. Throws Error where the work fails, or is done but its report can't be written.
int RunJob(const std::function<Job()>& make_job, const WorkOptions& options,
           const Streams& streams);

}  // namespace polyak::command
