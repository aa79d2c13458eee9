// How the work fits the memory budget: how many workers, how large their buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace polyak {

inline constexpr std::uint64_t kLeastMemoryBytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kDefaultMemoryBytes = std::uint64_t{256} << 20;
// The unit of hashing, and the largest tile: a fixed number of bytes of a tensor's row-major
// payload, whatever the tiles are.
inline constexpr std::uint64_t kGrainBytes = std::uint64_t{256} << 10;

struct MemoryRequest {
  std::uint64_t budget_bytes = kDefaultMemoryBytes;
  std::uint64_t index_bytes = 0;  // of all inputs together
  std::size_t inputs = 2;
  std::size_t threads = 1;                // as many as wanted, at least 1
  std::uint64_t average_bytes = 0;        // of the payloads to be written: more workers than
                                          // 1 MiB parts are not needed
  std::uint64_t largest_chunk_bytes = 0;  // a tile that can't be smaller
  std::uint64_t scratch_bytes = 0;        // what one worker takes while it reads or writes
  std::uint64_t shared_bytes = 0;         // what all workers take together
  std::uint64_t commit_bytes = 0;         // what committing takes, when the workers are gone
  std::string largest_chunk_of = {};      // the tensor's name, for people; empty: not known
};

struct MemoryPlan {
  std::size_t workers = 1;
  std::uint64_t tile_bytes = kGrainBytes;  // a power of two; divides kGrainBytes
  std::uint64_t largest_chunk_bytes = 0;   // the request's: tiles that are chunks
  std::uint64_t peak_bytes = 0;            // what the whole run is expected to take
};

// Memory besides indexes and tiles: the program, its libraries, the stacks.
inline constexpr std::uint64_t kProgramBytes = std::uint64_t{16} << 20;

// Throws Error (kUsage) where the budget is under kLeastMemoryBytes.
void CheckMemoryBudget(std::uint64_t budget_bytes);

// Throws Error: kUsage where the budget is under kLeastMemoryBytes, kUnsupported with a number that
// is enough, and what most of it is for, where the work doesn't fit.
MemoryPlan PlanMemory(const MemoryRequest& request);

// What of a budget is left for indexes.
std::uint64_t IndexBudgetBytes(std::uint64_t budget_bytes) noexcept;

// What of a budget is left for a list of what doesn't match: then there will be no tiles.
std::uint64_t ListBudgetBytes(std::uint64_t budget_bytes, std::uint64_t index_bytes) noexcept;

// What of a budget a helper program may allocate while files are opened. It has ended before
// tiles are.
std::uint64_t HelperBudgetBytes(std::uint64_t budget_bytes) noexcept;

}  // namespace polyak
