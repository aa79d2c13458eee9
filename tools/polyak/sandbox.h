// --sandbox: what the process gives up before it reads a checkpoint.
#pragma once

#include <iosfwd>

#include "pass_options.h"
#include "run_confinement.h"

namespace polyak::command {

// Confines the process to the run, and prepares its helper, as the option asks. What is absent, and
// isn't required, is a note on `err` where the command is `verbose`. Before the second thread.
// Throws Error (kSystem).
void EnterSandbox(const PassOptions& options, const RunFiles& files, bool verbose,
                  std::ostream& err, HelperProgram& helper);

}  // namespace polyak::command
