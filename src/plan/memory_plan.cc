#include "plan/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.h"

namespace polyak {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kLeastTileBytes = 4096;
// All tiles of one worker together stay about inside a core's cache: with fifty inputs, tiles of
// 256 KiB each took twice the time of small ones (measured). With few inputs tiles of 128 KiB take
// 3 to 7 % longer than 256 KiB, 64 KiB 7 to 22 %, on ext4 and tmpfs; of cold files about the same.
constexpr std::uint64_t kTilesOfWorkerBytes = 4 * kMiB;
constexpr std::uint64_t kWorkerBytes = 256 << 10;  // stack, hashing state
// What an input takes besides its index and its tiles: the open file, hashing states, its lines in
// report and record (5,000 inputs took 3 KiB each, measured).
constexpr std::uint64_t kInputBytes = 4 << 10;

// Rounded up.
std::uint64_t MiBOf(std::uint64_t bytes) { return (bytes + kMiB - 1) / kMiB; }

std::uint64_t BytesOfWorker(const MemoryRequest& request, std::uint64_t tile_bytes) {
  return (request.inputs + 1) * std::max(tile_bytes, request.largest_chunk_bytes) + kWorkerBytes +
         request.scratch_bytes;
}

struct Need {
  std::uint64_t bytes;
  std::string what;
};

// The largest of what one worker can't do without.
Need LargestNeed(const MemoryRequest& request) {
  const std::string of_tensor =
      request.largest_chunk_of.empty() ? "" : " of " + request.largest_chunk_of;
  const Need needs[] = {
      {request.index_bytes, "what the checkpoints' indexes take"},
      {(request.inputs + 1) * request.largest_chunk_bytes,
       fmt::format("a chunk{} from each of {} checkpoints, and the result", of_tensor,
                   request.inputs)},
      {request.scratch_bytes + request.shared_bytes, "unpacking and packing chunks" + of_tensor},
      {request.commit_bytes, "putting the output together"},
      {request.inputs * (kInputBytes + kLeastTileBytes),
       fmt::format("{} checkpoints at once", request.inputs)},
  };
  return *std::ranges::max_element(needs, {}, &Need::bytes);
}

std::uint64_t PeakBytes(const MemoryRequest& request, std::size_t workers,
                        std::uint64_t tile_bytes) {
  return kProgramBytes + request.index_bytes + request.inputs * kInputBytes +
         std::max(workers * BytesOfWorker(request, tile_bytes) + request.shared_bytes,
                  request.commit_bytes);
}

// What the same run asks for, at most, with a larger budget: helpers have a part of it, caches of
// chunks an eighth, and a chunk that fits the cache is kept by who reads it.
MemoryRequest WithBudget(MemoryRequest request, std::uint64_t budget_bytes) {
  constexpr std::uint64_t kCacheShare = 8;
  const std::uint64_t helper_bytes =
      HelperBudgetBytes(budget_bytes) - HelperBudgetBytes(request.budget_bytes);
  if (request.shared_bytes != 0) request.shared_bytes += helper_bytes;
  if (request.commit_bytes != 0) request.commit_bytes += helper_bytes;
  if (request.commit_bytes != 0 || request.scratch_bytes != 0) {
    request.index_bytes += (budget_bytes - request.budget_bytes) / kCacheShare;
  }
  if (request.largest_chunk_bytes <= budget_bytes / kCacheShare) {
    request.scratch_bytes += request.largest_chunk_bytes;
  }
  request.budget_bytes = budget_bytes;
  return request;
}

// A budget with which the run fits. What it needs grows more slowly than what it has: it ends.
std::uint64_t EnoughMiB(const MemoryRequest& request) {
  std::uint64_t enough_mib = request.budget_bytes / kMiB;
  while (true) {
    const MemoryRequest asked = WithBudget(request, enough_mib * kMiB);
    const std::uint64_t needed_mib = MiBOf(PeakBytes(asked, 1, kLeastTileBytes));
    if (needed_mib <= enough_mib) return enough_mib;
    enough_mib = needed_mib;
  }
}

[[noreturn]] void Refuse(const MemoryRequest& request) {
  const Need largest = LargestNeed(request);
  throw Error(ErrorKind::kUnsupported,
              fmt::format("the run doesn't fit the memory budget (needs {} MiB, has {} MiB; {} MiB "
                          "are for {})",
                          EnoughMiB(request), request.budget_bytes / kMiB, MiBOf(largest.bytes),
                          largest.what),
              "--memory gives it more");
}

std::uint64_t UsualTileBytes(std::size_t inputs) {
  std::uint64_t tile_bytes = kGrainBytes;
  while (tile_bytes > 4 * kLeastTileBytes && (inputs + 1) * tile_bytes > kTilesOfWorkerBytes) {
    tile_bytes /= 2;
  }
  return tile_bytes;
}

}  // namespace

void CheckMemoryBudget(std::uint64_t budget_bytes) {
  if (budget_bytes >= kLeastMemoryBytes) return;
  throw Error(ErrorKind::kUsage, fmt::format("the memory budget is too small (found {} MiB, "
                                             "expected at least {} MiB)",
                                             budget_bytes / kMiB, kLeastMemoryBytes / kMiB));
}

MemoryPlan PlanMemory(const MemoryRequest& request) {
  CheckMemoryBudget(request.budget_bytes);
  const std::uint64_t useful = std::max<std::uint64_t>(1, request.average_bytes / kMiB);
  MemoryPlan plan;
  plan.workers = static_cast<std::size_t>(std::min<std::uint64_t>(request.threads, useful));
  plan.tile_bytes = UsualTileBytes(request.inputs);
  plan.largest_chunk_bytes = request.largest_chunk_bytes;
  const auto peak = [&] { return PeakBytes(request, plan.workers, plan.tile_bytes); };
  while (peak() > request.budget_bytes && plan.tile_bytes > kLeastTileBytes) plan.tile_bytes /= 2;
  while (peak() > request.budget_bytes && plan.workers > 1) --plan.workers;
  plan.peak_bytes = peak();
  if (plan.peak_bytes > request.budget_bytes) Refuse(request);
  return plan;
}

std::uint64_t HelperBudgetBytes(std::uint64_t budget_bytes) noexcept {
  // 100,000 datasets take 27 MiB (measured).
  constexpr std::uint64_t kLeastHelperBytes = 24 * kMiB;
  return std::max(kLeastHelperBytes, budget_bytes / 4);
}

std::uint64_t ListBudgetBytes(std::uint64_t budget_bytes, std::uint64_t index_bytes) noexcept {
  constexpr std::uint64_t kLeastListBytes = kMiB;
  const std::uint64_t used = kProgramBytes + index_bytes;
  // Half of it: the list is told, too.
  return std::max(kLeastListBytes, (budget_bytes - std::min(budget_bytes, used)) / 2);
}

std::uint64_t IndexBudgetBytes(std::uint64_t budget_bytes) noexcept {
  return budget_bytes - std::min(budget_bytes, kProgramBytes + kMiB);
}

}  // namespace polyak
