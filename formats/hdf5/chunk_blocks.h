// Chunks that are read in narrow parts, decoded once: neighbours are put together into larger
// blocks, which lie in a temporary file until all of their elements were read.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/box.h"
#include "core/mutex.h"
#include "formats/hdf5/storage.h"
#include "io/spill_file.h"

namespace polyak::hdf5 {

// The temporary file of a run, made when the first block comes. Any thread. All functions throw
// Error (kSystem) naming the folder.
class BlockFile {
 public:
  // An empty folder: SpillFile::TemporaryFolder.
  explicit BlockFile(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // A place for a block of so many bytes; of such as were given back first.
  std::uint64_t Take(std::uint64_t bytes);
  void GiveBack(std::uint64_t place, std::uint64_t bytes);

  void Write(std::uint64_t place, std::span<const std::byte> bytes) {
    File().WriteAt(place, bytes);
  }
  void Read(std::uint64_t place, std::span<std::byte> bytes) { File().ReadAt(place, bytes); }

 private:
  const SpillFile& File();

  const std::filesystem::path folder_;
  Mutex mutex_;  // guards which places are used, and that the file is made once
  std::optional<SpillFile> file_ POLYAK_GUARDED_BY(mutex_);
  std::uint64_t end_ POLYAK_GUARDED_BY(mutex_) = 0;
  // By size: a power of two.
  std::map<std::uint64_t, std::vector<std::uint64_t>> free_ POLYAK_GUARDED_BY(mutex_);
};

// The blocks of one dataset: boxes of whole chunks, together a grid. Any thread; one that needs a
// block that another one fills waits for it.
class ChunkBlocks {
 public:
  // Puts the elements of the box of a block into the file, row-major.
  using Fill = std::function<void(const Box& box, std::uint64_t place)>;
  using Visit = std::function<void(std::uint64_t place)>;

  // A block's shape: chunks joined along the last dimensions, as many as fit; at least one.
  static std::vector<std::uint64_t> ShapeFor(const ChunkedStorage& chunked,
                                             std::size_t element_bytes, std::uint64_t most_bytes);
  // What is kept in memory for all blocks of such a shape.
  static std::uint64_t MemoryBytes(const ChunkedStorage& chunked,
                                   std::span<const std::uint64_t> shape);

  // The file outlives the blocks. The dataset's shape has no zeros.
  ChunkBlocks(const ChunkedStorage& chunked, std::vector<std::uint64_t> shape,
              std::size_t element_bytes, BlockFile& file);

  std::span<const std::uint64_t> shape() const noexcept { return shape_; }
  Box BoxOf(std::uint64_t number) const;

  // Fills a block that isn't there and that nobody fills now. Throws what `fill` throws; the next
  // one tries again.
  void Prepare(std::uint64_t number, const Fill& fill);
  // Calls visit with the place of the block, filled if need be. It reads so many elements; the
  // block goes when all of them were read.
  void Use(std::uint64_t number, std::uint64_t elements, const Fill& fill, const Visit& visit);

 private:
  enum class State : std::uint8_t { kAbsent, kBeingFilled, kThere };
  struct Block {
    std::uint64_t place = 0;
    std::uint64_t read_elements = 0;
    std::uint32_t users = 0;
    State state = State::kAbsent;
  };

  class Filling;
  class Using;

  void FillIt(std::uint64_t number, const Fill& fill);
  std::uint64_t Open(std::uint64_t number, const Fill& fill);
  void Close(std::uint64_t number, std::uint64_t elements);
  void EndFilling(std::uint64_t number, std::optional<std::uint64_t> place);

  const std::vector<std::uint64_t> tensor_shape_;
  const std::vector<std::uint64_t> shape_;
  std::uint64_t block_bytes_;
  BlockFile& file_;
  Mutex mutex_;  // guards the blocks
  std::vector<Block> blocks_ POLYAK_GUARDED_BY(mutex_);
  std::atomic<std::uint32_t> ends_ = 0;  // how often filling ended, well or not
};

}  // namespace polyak::hdf5
