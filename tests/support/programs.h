// Runs programs as a user would.
#pragma once

#include <string>
#include <vector>

namespace polyak::test {

struct ProgramResult {
  int status = 0;  // the exit status; 128 + the signal that ended it
  std::string out;
  std::string err;
};

// Runs argv[0] (a path, or found in PATH) with the arguments; standard input is empty.
ProgramResult RunProgram(const std::vector<std::string>& argv);

// Runs the polyak program.
ProgramResult RunPolyak(std::vector<std::string> arguments);

}  // namespace polyak::test
