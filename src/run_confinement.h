// Confines the whole process to one run: for programs that do nothing else, such as the command.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "core/helper_program.h"

namespace polyak {

// What the run will open.
struct RunFiles {
  std::vector<std::filesystem::path> inputs;   // and what lies beside them, or beside what they are
                                               // links to
  std::vector<std::filesystem::path> outputs;  // in their folders, which are there already
  const std::atomic<bool>* stop = nullptr;     // may be null
};

// Prepares `helper` for these inputs, then confines the process (confinement/confinement.h). From
// then on it is good for a run with these files, and that helper. Before the second thread. Returns
// what is absent, and throws Error (kSystem), as Confine does; kCancelled once *stop is set.
std::string ConfineToRun(const RunFiles& files, HelperProgram& helper);

}  // namespace polyak
