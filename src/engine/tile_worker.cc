#include "engine/tile_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "core/error.h"

namespace polyak {
namespace {

// Of each tile: a page. Cached runs took 0.92 of the time with tiles at a cache line for five
// float32 inputs, 0.949 with fifty, 0.96 for five of float16 (paired medians). Huge pages bring no
// more.
constexpr std::size_t kAlignment = 4096;
// Of small tensors that are worked on together: of single numbers a tile has a hundred thousand,
// and the lists of them would take more than it does.
constexpr std::size_t kMostTogether = 1024;

std::byte* Aligned(std::byte* address) {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return address + (kAlignment - value % kAlignment) % kAlignment;
}

// "[2,0,7]" for the element with this row-major number.
std::string IndexText(std::uint64_t element, const std::vector<std::uint64_t>& shape) {
  std::vector<std::uint64_t> index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    index[d] = element % shape[d];
    element /= shape[d];
  }
  return ShapeText(index);
}

// "element 23 (index [2,0,7])", for a part of a tile's elements; of a complex number "the imaginary
// part of" it.
std::string PlaceText(const TensorInfo& info, const Box& box, std::size_t part) {
  const std::size_t parts = PartsOfElement(info.dtype);
  const std::uint64_t element = ElementAt(info.shape, box, part / parts);
  const char* which = "";
  if (parts > 1) which = part % parts == 0 ? "the real part of " : "the imaginary part of ";
  return fmt::format("{}element {} (index {})", which, element, IndexText(element, info.shape));
}

}  // namespace

TileWorker::TileWorker(const TileShared& shared)
    : shared_(shared), grain_hash_(shared.used.size()), grain_hashes_(shared.used.size()) {
  const std::uint64_t tile_bytes =
      std::max(shared.run.memory.tile_bytes, shared.run.memory.largest_chunk_bytes);
  memory_.resize((shared.used.size() + 1) * tile_bytes + kAlignment);
  std::byte* next = Aligned(memory_.data());
  for (std::size_t i = 0; i < shared.used.size(); ++i, next += tile_bytes) tiles_.push_back(next);
  result_ = next;
  combined_.resize(tiles_.size());
  to_read_.reserve(kMostTogether);
  to_write_.reserve(kMostTogether);
}

void TileWorker::Do(std::size_t job) {
  for (auto runs = shared_.jobs[job]; !runs.empty();) {
    const std::size_t small = SmallTensorsIn(runs);
    if (small > 1) {
      DoTogether(runs.first(small));
    } else {
      DoGrains(runs[0]);
    }
    runs = runs.subspan(std::max<std::size_t>(1, small));
  }
  if (shared_.hashes == nullptr) return;
  std::vector<XXH128_hash_t> hashes;
  for (auto& of_input : grain_hashes_) {
    hashes.insert(hashes.end(), of_input.begin(), of_input.end());
    of_input.clear();
  }
  shared_.hashes->Add(job, std::move(hashes));
}

const TensorInfo& TileWorker::InfoOf(std::size_t tensor) const {
  return shared_.run.inputs[shared_.run.plan.template_index]->tensors()[tensor];
}

std::size_t TileWorker::SmallTensorsIn(std::span<const GrainRun> runs) const {
  const Checkpoint& reference = *shared_.run.inputs[shared_.run.plan.template_index];
  std::uint64_t bytes = 0;
  std::size_t small = 0;
  for (const GrainRun& run : runs.first(std::min(runs.size(), kMostTogether))) {
    const TensorInfo& info = InfoOf(run.tensor);
    bytes += info.bytes();
    const bool fits = info.bytes() <= kSmallTensorBytes && bytes <= shared_.run.memory.tile_bytes;
    if (!fits || reference.ChunksOf(run.tensor)) break;
    ++small;
  }
  return small;
}

void TileWorker::DoTogether(std::span<const GrainRun> runs) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < tiles_.size(); ++i) ReadTogether(i, runs);
  to_write_.clear();
  for (const GrainRun& run : runs) {
    const TensorInfo& info = InfoOf(run.tensor);
    Combine(run.tensor, RangeBox(0, info.elements), bytes);
    to_write_.push_back({run.tensor, info.elements, {result_ + bytes, info.bytes()}});
    bytes += info.bytes();
  }
  for (std::span<const TensorToWrite> left = to_write_; !left.empty();) {
    left = left.subspan(shared_.output.WriteJoined(left));
  }
  shared_.done_bytes += bytes * tiles_.size();
}

void TileWorker::ReadTogether(std::size_t i, std::span<const GrainRun> runs) {
  CheckStop(shared_.control);
  const std::size_t input = shared_.used[i];
  std::byte* next = tiles_[i];
  to_read_.clear();
  for (const GrainRun& run : runs) {
    const std::uint64_t bytes = InfoOf(run.tensor).bytes();
    to_read_.push_back({shared_.run.plan.matches[input][run.tensor], {next, bytes}});
    next += bytes;
  }
  for (std::span<const TensorToRead> left = to_read_; !left.empty();) {
    left = left.subspan(shared_.run.inputs[input]->ReadJoined(left));
  }
  if (shared_.hashes == nullptr) return;
  for (const TensorToRead& read : to_read_) {
    grain_hash_[i].Add(read.elements);
    grain_hashes_[i].push_back(grain_hash_[i].Take());
  }
}

void TileWorker::DoGrains(const GrainRun& grains) {
  const AverageRun& run = shared_.run;
  const auto chunks = run.inputs[run.plan.template_index]->ChunksOf(grains.tensor);
  const std::uint64_t tiles_of_grain = chunks ? 1 : kGrainBytes / run.memory.tile_bytes;
  const Tiles tiles =
      chunks ? *chunks : shared_.output.TilesOf(grains.tensor, run.memory.tile_bytes);
  for (std::uint64_t grain = 0; grain < grains.grains; ++grain) {
    const std::uint64_t first = (grains.first_grain + grain) * tiles_of_grain;
    const std::uint64_t end = std::min(first + tiles_of_grain, tiles.count());
    for (std::uint64_t tile = first; tile < end; ++tile) {
      DoTile(grains.tensor, tiles.BoxAt(tile));
    }
    if (shared_.hashes == nullptr) continue;
    for (std::size_t i = 0; i < grain_hash_.size(); ++i) {
      grain_hashes_[i].push_back(grain_hash_[i].Take());
    }
  }
}

void TileWorker::DoTile(std::size_t tensor, const Box& box) {
  const AverageRun& run = shared_.run;
  const std::size_t bytes = ElementsIn(box) * InfoOf(tensor).element_bytes;
  assert(bytes <= std::max(run.memory.tile_bytes, run.memory.largest_chunk_bytes));
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    CheckStop(shared_.control);  // a job, even a tile, of a thousand inputs takes seconds
    const std::size_t input = shared_.used[i];
    const std::span<std::byte> tile(tiles_[i], bytes);
    run.inputs[input]->Read(run.plan.matches[input][tensor], box, tile);
    if (shared_.hashes != nullptr) grain_hash_[i].Add(tile);
  }
  Combine(tensor, box, 0);
  shared_.output.Write(tensor, box, std::span(result_, bytes));
  shared_.done_bytes += bytes * tiles_.size();
}

void TileWorker::Combine(std::size_t tensor, const Box& box, std::uint64_t offset) {
  const TensorInfo& info = InfoOf(tensor);
  for (std::size_t i = 0; i < tiles_.size(); ++i) combined_[i] = tiles_[i] + offset;
  const MeanResult result =
      shared_.mean.Apply(PartOf(info.dtype), combined_.data(),
                         ElementsIn(box) * PartsOfElement(info.dtype), result_ + offset);
  if (result.fault) Fail(*result.fault, tensor, box);
  if (result.nonfinite_kept > 0) shared_.nonfinite_kept += result.nonfinite_kept;
}

void TileWorker::Fail(const MeanFault& fault, std::size_t tensor, const Box& box) const {
  const TensorInfo& info = InfoOf(tensor);
  const std::string where = PlaceText(info, box, fault.element);
  if (fault.kind == MeanFault::Kind::kOverflow) {
    Error error(ErrorKind::kNonfinite,
                fmt::format("the average of {} passes the range of {}", where, NameOf(info.dtype)),
                "--allow-nonfinite lets it become infinite");
    error.AddContext(info.name);
    throw error;
  }
  Error error(ErrorKind::kNonfinite, fmt::format("NaN or infinity at {}", where),
              "--allow-nonfinite averages it all the same, by the rules of IEEE 754");
  error.AddContext(info.name);
  error.AddContext(shared_.run.inputs[shared_.used[fault.input]]->path().string());
  throw error;
}

}  // namespace polyak
