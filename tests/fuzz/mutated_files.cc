// mutated_files SEEDS HELPER FIRST COUNT [KEPT]: tries the mutants FIRST, FIRST + 1, ... of the
// checkpoints in SEEDS: a folder for each, with a/ (to be changed) and b/ (another one of the same
// tensors), both with a main file called m.*. Prints a line for each that is wrong, and keeps it in
// the folder KEPT, then how many of each there were. Exit status 1 where one is wrong.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "fuzz/checkpoint_mutator.h"
#include "fuzz/checkpoint_trial.h"
#include "fuzz/forked_trial.h"
#include "fuzz/trial_series.h"
#include "support/files.h"

namespace polyak::test {
namespace {

namespace fs = std::filesystem;

// The one with the shortest name: shards have the same, and more.
fs::path MainFileOf(const fs::path& folder) {
  fs::path main;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    const bool is_main = path.filename().string().starts_with("m.");
    if (is_main && (main.empty() || path.string().size() < main.string().size())) main = path;
  }
  if (main.empty()) throw std::runtime_error("no m.* in " + folder.string());
  return main;
}

struct Seed {
  CheckpointMutator mutator;
  fs::path name;  // of the main file
  fs::path good;
};

std::vector<Seed> SeedsIn(const fs::path& folder) {
  std::vector<Seed> seeds;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path good = MainFileOf(entry.path() / "b");
    seeds.push_back({CheckpointMutator(entry.path() / "a"), good.filename(), good});
  }
  if (seeds.empty()) throw std::runtime_error("no seeds in " + folder.string());
  std::ranges::sort(seeds, {}, &Seed::good);
  return seeds;
}

TrialResult TryMutant(const Seed& seed, std::uint64_t number, const fs::path& helper,
                      const fs::path& kept) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "mutant");
  fs::create_directory(folder / "output");
  seed.mutator.Write(number, folder / "mutant");
  const CheckpointTrial trial{.mutant = folder / "mutant" / seed.name,
                              .good = seed.good,
                              .output = folder / "output",
                              .helper = helper,
                              .number = number};
  TrialResult result = RunForked([&] { return Try(trial); });
  if (result.judgement == Judgement::kWrong && !kept.empty()) {
    fs::copy(folder / "mutant", kept, fs::copy_options::recursive);
  }
  return result;
}

int Run(char** arguments, const fs::path& kept) {
  const std::vector<Seed> seeds = SeedsIn(arguments[1]);
  const fs::path helper = arguments[2];
  const TrialSeries series{.name = "mutant",
                           .first = std::strtoull(arguments[3], nullptr, 10),
                           .count = std::strtoull(arguments[4], nullptr, 10)};
  return MakeTrials(series, [&](std::uint64_t number) {
    return TryMutant(seeds[number % seeds.size()], number / seeds.size(), helper,
                     kept.empty() ? kept : kept / std::to_string(number));
  });
}

}  // namespace
}  // namespace polyak::test

int main(int argc, char** argv) {
  constexpr int kArguments = 5;
  if (argc != kArguments && argc != kArguments + 1) return 2;
  return polyak::test::Run(argv, argc > kArguments ? argv[kArguments] : "");
}
