// What polyak must make of a checkpoint that may be anything: average it with itself to the same
// bytes, or refuse it and leave nothing.
#pragma once

#include <cstdint>
#include <filesystem>

#include "fuzz/forked_trial.h"

namespace polyak::test {

struct CheckpointTrial {
  std::filesystem::path mutant;  // its main file, in a folder of its own files
  std::filesystem::path good;    // another one of the same tensors
  std::filesystem::path output;  // an empty folder
  std::filesystem::path helper;  // polyak-hdf5
  std::uint64_t number = 0;      // decides what else is tried than the average with itself
};

TrialResult Try(const CheckpointTrial& trial);

// Of a refusal.
TrialResult JudgementOf(const std::exception& error);

}  // namespace polyak::test
