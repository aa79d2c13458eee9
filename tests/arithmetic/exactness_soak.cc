// Checks random means against exact arithmetic for as long as it is told:
//
//   exactness_soak [--elements 1e9] [--seed S] [--threads N]
//
// Elements are counted once, though each is averaged on every instruction set; the four dtypes take
// turns. Prints a line per 10^8 elements. Exits with 1 at the first difference, with 2 for options
// that it doesn't know.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "exactness_batch.h"

namespace polyak::test {
namespace {

constexpr DType kDTypes[] = {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64};
constexpr std::uint64_t kElementsPerLine = 100'000'000;

struct Options {
  std::uint64_t elements = 1'000'000'000;
  std::uint64_t seed = 1;
  std::uint64_t threads = 1;
};

std::optional<Options> Parse(int argc, char** argv) {
  Options options;
  if (argc % 2 == 0) return std::nullopt;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    char* end = nullptr;
    const double number = std::strtod(argv[i + 1], &end);
    if (*end != '\0' || !(number >= 0 && number < 1e18)) return std::nullopt;
    const auto value = static_cast<std::uint64_t>(number);
    if (name == "--elements") {
      options.elements = value;
    } else if (name == "--seed") {
      options.seed = value;
    } else if (name == "--threads" && value > 0) {
      options.threads = value;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// What the threads share: how far they are, and whether to stop.
class Progress {
 public:
  explicit Progress(std::uint64_t wanted) : wanted_(wanted) {}

  bool done() const { return failed_ || checked_ >= wanted_; }
  bool failed() const { return failed_; }
  std::uint64_t checked() const { return checked_; }

  void Add(std::uint64_t elements) {
    const std::uint64_t before = checked_.fetch_add(elements);
    const std::uint64_t lines = (before + elements) / kElementsPerLine;
    if (lines == before / kElementsPerLine) return;
    Print(std::to_string(lines) + "e8 elements are right");
  }
  void Fail(const std::string& difference) {
    failed_ = true;
    Print("DIFFERENCE " + difference);
  }

 private:
  void Print(const std::string& line) {
    const std::lock_guard lock(printing_);
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }

  const std::uint64_t wanted_;
  std::atomic<std::uint64_t> checked_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex printing_;  // guards standard output's lines
};

void Soak(std::uint64_t seed, Progress& progress) {
  Random random(seed);
  while (!progress.done()) {
    for (const DType dtype : kDTypes) {
      const auto difference = CheckBatch(dtype, random);
      if (difference) return progress.Fail(*difference);
      progress.Add(kBatchElements);
    }
  }
}

int Run(const Options& options) {
  Progress progress(options.elements);
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < options.threads; ++i) {
    threads.emplace_back([&, i] { Soak(options.seed * 1000 + i, progress); });
  }
  for (std::thread& thread : threads) thread.join();
  if (progress.failed()) return 1;
  std::printf("%llu elements are right\n", static_cast<unsigned long long>(progress.checked()));
  return 0;
}

}  // namespace
}  // namespace polyak::test

int main(int argc, char** argv) {
  const auto options = polyak::test::Parse(argc, argv);
  if (options) return polyak::test::Run(*options);
  std::fprintf(stderr, "usage: exactness_soak [--elements 1e9] [--seed S] [--threads N]\n");
  return 2;
}
