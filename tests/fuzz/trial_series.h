// Trials one after the other, told as tests/hostile/mutants_test.py reads them.
#pragma once

#include <cstdint>
#include <functional>

#include "fuzz/forked_trial.h"

namespace polyak::test {

struct TrialSeries {
  const char* name = "trial";  // of one of them
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  bool tells_all = false;  // not only those that are wrong
};

// Makes the trials of these numbers. Prints a line for each that is wrong, then how many of each
// there were, as JSON. Returns the exit status: 1 where one is wrong.
int MakeTrials(const TrialSeries& series, const std::function<TrialResult(std::uint64_t)>& trial);

}  // namespace polyak::test
