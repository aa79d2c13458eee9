#include "opening.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/error.h"
#include "engine/workers.h"
#include "report/checkpoint_warnings.h"

namespace polyak {
namespace {

// What the index of one file took.
struct FileIndex {
  std::uint64_t kept_bytes = 0;
  std::uint64_t most_bytes = 0;  // while it was opened, that included

  std::uint64_t transient_bytes() const noexcept { return most_bytes - kept_bytes; }
};

// Each helper of several has a part of their memory, and this at least: enough for the usual
// checkpoint.
constexpr std::uint64_t kLeastHelperBytes = std::uint64_t{24} << 20;

std::size_t HelpersAtOnce(std::size_t at_once, std::uint64_t memory_bytes) noexcept {
  const std::uint64_t fitting = memory_bytes / kLeastHelperBytes;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(fitting, 1, at_once));
}

// One after the other: the last ones find the indexes of those before.
std::uint64_t MostInTurn(std::span<const FileIndex> indexes) {
  std::uint64_t kept_bytes = 0;
  std::uint64_t most_bytes = 0;
  for (const FileIndex& index : indexes) {
    most_bytes = std::max(most_bytes, kept_bytes + index.most_bytes);
    kept_bytes += index.kept_bytes;
  }
  return most_bytes;
}

// As if those that need the most were opened last, and together.
std::uint64_t MostAtOnce(std::span<const FileIndex> indexes, std::size_t at_once) {
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> transient_bytes;
  for (const FileIndex& index : indexes) {
    bytes += index.kept_bytes;
    transient_bytes.push_back(index.transient_bytes());
  }
  std::ranges::sort(transient_bytes, std::greater());
  transient_bytes.resize(std::min(at_once, transient_bytes.size()));
  return std::reduce(transient_bytes.begin(), transient_bytes.end(), bytes);
}

// Where opening several ended, when it has failed.
struct FirstFailure {
  std::size_t file = std::numeric_limits<std::size_t>::max();
  // Of the indexes of all files before it, which are there then.
  std::uint64_t kept_bytes_before = 0;
};

OpenContext ContextFor(const OpenRequest& request, std::size_t at_once) {
  OpenContext context = MakeOpenContext(request.memory_bytes, request.hdf5_helper, request.stop);
  context.temporary_folder = request.temporary_folder;
  context.helpers = HelpersAtOnce(at_once, context.helper_memory_bytes);
  return context;
}

// The opening of one request, so many files at once.
class Opening {
 public:
  Opening(const OpenRequest& request, std::size_t at_once)
      : request_(request),
        at_once_(at_once),
        context_(ContextFor(request, at_once)),
        opened_{.checkpoints = {}, .helpers = context_.helpers},
        indexes_(request.paths.size()),
        is_open_(request.paths.size()) {
    opened_.checkpoints.resize(request.paths.size());
  }

  // Throws what the first file does that can't be opened.
  OpenedCheckpoints Run() {
    const RunControl control{.stop = request_.stop, .progress = {}, .warning = {}};
    const auto open = [this](std::size_t k) { Open(k); };
    if (at_once_ == 1) {
      for (std::size_t k = 0; k < request_.paths.size(); ++k) {
        CheckStop(control);
        open(k);
      }
    } else {
      RunJobs(
          at_once_, request_.paths.size(), [&open] { return open; }, control, 0, 0);
    }
    NoteIndexBytes();
    return std::move(opened_);
  }

  // After Run has thrown. They are begun in order: all before the first that failed are open.
  FirstFailure Failure() const {
    const auto first = std::ranges::find(is_open_, 0);
    FirstFailure failure{.file = static_cast<std::size_t>(first - is_open_.begin()),
                         .kept_bytes_before = context_.index_budget.shared_bytes()};
    for (const FileIndex& index : std::span(indexes_).first(failure.file)) {
      failure.kept_bytes_before += index.kept_bytes;
    }
    return failure;
  }

 private:
  void Open(std::size_t k) {
    OpenContext one = context_.ForOneFile();
    opened_.checkpoints[k] = OpenCheckpoint(request_.paths[k], one);
    indexes_[k] = {one.index_budget.file_bytes(), one.index_budget.most_file_bytes()};
    is_open_[k] = 1;
  }

  void NoteIndexBytes() {
    const std::uint64_t shared_bytes = context_.index_budget.shared_bytes();
    opened_.index_bytes_in_turn = shared_bytes + MostInTurn(indexes_);
    opened_.index_bytes = shared_bytes + MostAtOnce(indexes_, at_once_);
    // It fitted by luck.
    if (at_once_ == 1 || opened_.index_bytes > context_.index_budget.limit_bytes()) {
      opened_.index_bytes = opened_.index_bytes_in_turn;
    }
  }

  const OpenRequest& request_;
  std::size_t at_once_;
  OpenContext context_;
  OpenedCheckpoints opened_;
  std::vector<FileIndex> indexes_;
  std::vector<char> is_open_;  // bools, but each of one thread's own
};

// Opens the first file that failed once more, with all the memory that it would have had with those
// before it open and no other: what it throws then is what opening one after the other would throw.
// Returns where it can be opened, or doesn't fit the memory, which those others may say first.
void FailAsInTurn(const OpenRequest& request, const FirstFailure& failure) {
  OpenContext context = ContextFor(request, 1);
  context.index_budget.Reserve(failure.kept_bytes_before);
  try {
    OpenCheckpoint(request.paths[failure.file], context);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUnsupported || context.index_budget.fits()) throw;
  }
}

// Nothing where it failed for want of memory, perhaps. Throws what opening one after the other
// would throw.
std::optional<OpenedCheckpoints> OpenAtOnce(const OpenRequest& request, std::size_t at_once) {
  FirstFailure failure;
  {
    Opening opening(request, at_once);
    try {
      return opening.Run();
    } catch (const std::bad_alloc&) {
      return std::nullopt;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kCancelled) throw;
      failure = opening.Failure();
    }
  }
  if (failure.file < request.paths.size()) FailAsInTurn(request, failure);
  return std::nullopt;
}

}  // namespace

OpenContext MakeOpenContext(std::uint64_t memory_bytes, const HelperProgram& hdf5_helper,
                            const std::atomic<bool>* stop) {
  CheckMemoryBudget(memory_bytes);
  OpenContext context;
  context.hdf5_helper = hdf5_helper;
  context.index_budget =
      IndexBudget(IndexBudgetBytes(memory_bytes), memory_bytes - IndexBudgetBytes(memory_bytes));
  context.helper_memory_bytes = HelperBudgetBytes(memory_bytes);
  context.stop = stop;
  return context;
}

OpenedCheckpoints OpenCheckpoints(const OpenRequest& request) {
  const std::size_t at_once = std::min(request.threads, request.paths.size());
  if (at_once > 1) {
    if (auto opened = OpenAtOnce(request, at_once)) return *std::move(opened);
  }
  return Opening(request, 1).Run();
}

MemoryPlan PlanMemoryWith(const OpenedCheckpoints& opened, MemoryRequest request) {
  const std::uint64_t other_bytes = request.index_bytes;
  request.index_bytes = other_bytes + opened.index_bytes;
  try {
    return PlanMemory(request);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUnsupported) throw;
  }
  malloc_trim(0);
  request.index_bytes = other_bytes + opened.index_bytes_in_turn;
  return PlanMemory(request);
}

void TellWarnings(std::span<const Checkpoint* const> checkpoints, const RunControl& control) {
  if (!control.warning) return;
  for (const std::string& warning : WarningsOf(checkpoints)) control.warning(warning);
}

std::size_t ThreadsOrDefault(std::size_t threads, bool is_coded) noexcept {
  // More gain little and take memory. Measured on 16 cores, five inputs of 1 GiB, as shares of the
  // reference job (tools/bench) with 2, 4, 8 and 16: float32 0.68, 0.47, 0.46, 0.49 on a disk and
  // 0.87, 0.52, 0.41, 0.40 in memory; bfloat16 in memory 1.18, 0.66, 0.52, 0.40.
  constexpr std::size_t kMostByDefault = 8;
  if (threads > 0) return threads;
  const std::size_t all = std::max(1U, std::thread::hardware_concurrency());
  return is_coded ? all : std::min(all, kMostByDefault);
}

}  // namespace polyak
