#include "formats/hdf5/chunk_blocks.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace polyak::hdf5 {
namespace {

std::uint64_t StepsAlong(std::uint64_t elements, std::uint64_t step) noexcept {
  return (elements - 1) / step + 1;
}

std::uint64_t BoxesIn(std::span<const std::uint64_t> shape,
                      std::span<const std::uint64_t> box_shape) noexcept {
  std::uint64_t boxes = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) boxes *= StepsAlong(shape[d], box_shape[d]);
  return boxes;
}

}  // namespace

// What is begun ends, however this thread leaves it: others may wait for it.
class ChunkBlocks::Filling {
 public:
  Filling(ChunkBlocks& blocks, std::uint64_t number)
      : blocks_(blocks), number_(number), place_(blocks.file_.Take(blocks.block_bytes_)) {}
  Filling(const Filling&) = delete;
  Filling& operator=(const Filling&) = delete;
  ~Filling() {
    if (!succeeded_) blocks_.file_.GiveBack(place_, blocks_.block_bytes_);
    blocks_.EndFilling(number_, succeeded_ ? std::optional(place_) : std::nullopt);
  }

  std::uint64_t place() const noexcept { return place_; }
  void Succeed() noexcept { succeeded_ = true; }

 private:
  ChunkBlocks& blocks_;
  const std::uint64_t number_;
  const std::uint64_t place_;
  bool succeeded_ = false;
};

class ChunkBlocks::Using {
 public:
  Using(ChunkBlocks& blocks, std::uint64_t number, std::uint64_t place)
      : blocks_(blocks), number_(number), place_(place) {}
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  ~Using() { blocks_.Close(number_, elements_); }

  std::uint64_t place() const noexcept { return place_; }
  void Succeed(std::uint64_t elements) noexcept { elements_ = elements; }

 private:
  ChunkBlocks& blocks_;
  const std::uint64_t number_;
  const std::uint64_t place_;
  std::uint64_t elements_ = 0;
};

std::uint64_t BlockFile::Take(std::uint64_t bytes) {
  const std::uint64_t size = std::bit_ceil(bytes);
  const MutexLock lock(mutex_);
  std::vector<std::uint64_t>& free = free_[size];
  if (free.empty()) return std::exchange(end_, end_ + size);
  const std::uint64_t place = free.back();
  free.pop_back();
  return place;
}

void BlockFile::GiveBack(std::uint64_t place, std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  free_[std::bit_ceil(bytes)].push_back(place);
}

const SpillFile& BlockFile::File() {
  const MutexLock lock(mutex_);
  if (!file_) {
    const std::filesystem::path folder = SpillFile::TemporaryFolder(folder_);
    file_.emplace(folder, folder);
  }
  return *file_;
}

std::vector<std::uint64_t> ChunkBlocks::ShapeFor(const ChunkedStorage& chunked,
                                                 std::size_t element_bytes,
                                                 std::uint64_t most_bytes) {
  std::vector<std::uint64_t> shape = chunked.chunk_shape;
  std::uint64_t bytes = element_bytes;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    shape[d] = std::min(shape[d], chunked.shape[d]);
    bytes *= shape[d];
  }
  for (std::size_t d = shape.size(); d-- > 0;) {
    const std::uint64_t chunks = std::min(StepsAlong(chunked.shape[d], shape[d]),
                                          std::max<std::uint64_t>(1, most_bytes / bytes));
    const std::uint64_t one = shape[d];
    shape[d] = std::min(chunked.shape[d], one * chunks);
    bytes = bytes / one * shape[d];
    if (shape[d] < chunked.shape[d]) break;
  }
  return shape;
}

std::uint64_t ChunkBlocks::MemoryBytes(const ChunkedStorage& chunked,
                                       std::span<const std::uint64_t> shape) {
  return BoxesIn(chunked.shape, shape) * sizeof(Block);
}

ChunkBlocks::ChunkBlocks(const ChunkedStorage& chunked, std::vector<std::uint64_t> shape,
                         std::size_t element_bytes, BlockFile& file)
    : tensor_shape_(chunked.shape),
      shape_(std::move(shape)),
      block_bytes_(element_bytes),
      file_(file),
      blocks_(BoxesIn(chunked.shape, shape_)) {
  for (const std::uint64_t elements : shape_) block_bytes_ *= elements;
}

Box ChunkBlocks::BoxOf(std::uint64_t number) const {
  Box box{Coordinates(shape_), Coordinates(shape_)};
  for (std::size_t d = shape_.size(); d-- > 0;) {
    const std::uint64_t blocks = StepsAlong(tensor_shape_[d], shape_[d]);
    box.start[d] = number % blocks * shape_[d];
    box.count[d] = std::min(shape_[d], tensor_shape_[d] - box.start[d]);
    number /= blocks;
  }
  return box;
}

void ChunkBlocks::Prepare(std::uint64_t number, const Fill& fill) {
  {
    const MutexLock lock(mutex_);
    if (blocks_[number].state != State::kAbsent) return;
    blocks_[number].state = State::kBeingFilled;
  }
  FillIt(number, fill);
}

void ChunkBlocks::Use(std::uint64_t number, std::uint64_t elements, const Fill& fill,
                      const Visit& visit) {
  Using use(*this, number, Open(number, fill));
  visit(use.place());
  use.Succeed(elements);
}

// Its state is kBeingFilled, by this thread.
void ChunkBlocks::FillIt(std::uint64_t number, const Fill& fill) {
  Filling filling(*this, number);
  fill(BoxOf(number), filling.place());
  filling.Succeed();
}

std::uint64_t ChunkBlocks::Open(std::uint64_t number, const Fill& fill) {
  while (true) {
    const std::uint32_t ends = ends_;
    bool is_mine = false;
    {
      const MutexLock lock(mutex_);
      Block& block = blocks_[number];
      if (block.state == State::kThere) {
        ++block.users;
        return block.place;
      }
      is_mine = block.state == State::kAbsent;
      block.state = State::kBeingFilled;
    }
    if (is_mine) {
      FillIt(number, fill);
    } else {
      ends_.wait(ends);
    }
  }
}

void ChunkBlocks::Close(std::uint64_t number, std::uint64_t elements) {
  const std::uint64_t all = ElementsIn(BoxOf(number));
  const MutexLock lock(mutex_);
  Block& block = blocks_[number];
  --block.users;
  block.read_elements += elements;
  if (block.users > 0 || block.read_elements < all) return;
  file_.GiveBack(block.place, block_bytes_);
  block = {};
}

void ChunkBlocks::EndFilling(std::uint64_t number, std::optional<std::uint64_t> place) {
  {
    const MutexLock lock(mutex_);
    blocks_[number] = {.place = place.value_or(0), .state = place ? State::kThere : State::kAbsent};
  }
  ++ends_;
  ends_.notify_all();
}

}  // namespace polyak::hdf5
