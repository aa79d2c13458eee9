#include "engine/tile_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "core/error.h"

namespace polyak {
namespace {

constexpr std::size_t kAlignment = 64;  // of each tile: a cache line, the widest vector

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
}

void TileWorker::Do(std::size_t job) {
  for (const GrainRun& grains : shared_.jobs[job]) DoGrains(grains);
  if (shared_.hashes == nullptr) return;
  std::vector<XXH128_hash_t> hashes;
  for (auto& of_input : grain_hashes_) {
    hashes.insert(hashes.end(), of_input.begin(), of_input.end());
    of_input.clear();
  }
  shared_.hashes->Add(job, std::move(hashes));
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
  const TensorInfo& info = run.inputs[run.plan.template_index]->tensors()[tensor];
  const std::uint64_t elements = ElementsIn(box);
  const std::size_t bytes = elements * info.element_bytes;
  assert(bytes <= std::max(run.memory.tile_bytes, run.memory.largest_chunk_bytes));
  for (std::size_t i = 0; i < tiles_.size(); ++i) {
    CheckStop(shared_.control);  // a job, even a tile, of a thousand inputs takes seconds
    const std::size_t input = shared_.used[i];
    const std::span<std::byte> tile(tiles_[i], bytes);
    run.inputs[input]->Read(run.plan.matches[input][tensor], box, tile);
    if (shared_.hashes != nullptr) grain_hash_[i].Add(tile);
  }
  const MeanResult result = shared_.mean.Apply(PartOf(info.dtype), tiles_.data(),
                                               elements * PartsOfElement(info.dtype), result_);
  if (result.fault) Fail(*result.fault, tensor, box);
  if (result.nonfinite_kept > 0) shared_.nonfinite_kept += result.nonfinite_kept;
  shared_.output.Write(tensor, box, std::span(result_, bytes));
  shared_.done_bytes += bytes * tiles_.size();
}

void TileWorker::Fail(const MeanFault& fault, std::size_t tensor, const Box& box) const {
  const AverageRun& run = shared_.run;
  const TensorInfo& info = run.inputs[run.plan.template_index]->tensors()[tensor];
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
  error.AddContext(run.inputs[shared_.used[fault.input]]->path().string());
  throw error;
}

}  // namespace polyak
