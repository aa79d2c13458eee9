// Blocks of chunks: which there are, that each is filled once, and that their room is used again.
#include "formats/hdf5/chunk_blocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "formats/hdf5/chunk_box.h"

namespace polyak::hdf5 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ChunkedStorage Chunked(std::vector<std::uint64_t> shape, std::vector<std::uint64_t> chunk_shape) {
  ChunkedStorage chunked;
  chunked.shape = std::move(shape);
  chunked.chunk_shape = std::move(chunk_shape);
  return chunked;
}

// An array of numbers, each its place; counts how often each block is filled.
class BlocksOfNumbers {
 public:
  BlocksOfNumbers(const ChunkedStorage& chunked, std::uint64_t most_bytes)
      : shape_(chunked.shape),
        blocks_(chunked, ChunkBlocks::ShapeFor(chunked, sizeof(std::uint32_t), most_bytes),
                sizeof(std::uint32_t), file_) {}

  // The numbers of the box as they come from the blocks.
  std::vector<std::uint32_t> Read(const Box& box) {
    const ChunkBlocks::Fill fill = [&](const Box& block, std::uint64_t place) {
      Put(block, place);
    };
    std::vector<std::uint32_t> all;
    ForEachChunk(shape_, blocks_.shape(), box,
                 [&](const ChunkPart& part) { blocks_.Prepare(part.number, fill); });
    ForEachChunk(shape_, blocks_.shape(), box, [&](const ChunkPart& part) {
      blocks_.Use(part.number, ElementsIn(part.box), fill, [&](std::uint64_t place) {
        const Box block = blocks_.BoxOf(part.number);
        std::vector<std::uint32_t> numbers(ElementsIn(block));
        file_.Read(place, std::as_writable_bytes(std::span(numbers)));
        EXPECT_EQ(numbers, NumbersOf(block));
        all.insert(all.end(), numbers.begin(), numbers.end());
      });
    });
    return all;
  }

  std::uint64_t fills() const { return fill_count_; }
  // Places are given in turn: this is behind the last one that was ever taken.
  std::uint64_t EndOfFile() { return file_.Take(1U << 30); }

  std::atomic<int> failures_left = 0;

 private:
  std::vector<std::uint32_t> NumbersOf(const Box& block) const {
    std::vector<std::uint32_t> numbers;
    for (std::uint64_t i = 0; i < ElementsIn(block); ++i) {
      numbers.push_back(static_cast<std::uint32_t>(ElementAt(shape_, block, i)));
    }
    return numbers;
  }

  void Put(const Box& block, std::uint64_t place) {
    ++fill_count_;
    if (failures_left > 0 && failures_left-- > 0) throw Error(ErrorKind::kCorrupt, "is damaged");
    std::this_thread::yield();
    const std::vector<std::uint32_t> numbers = NumbersOf(block);
    file_.Write(place, std::as_bytes(std::span(numbers)));
  }

  std::vector<std::uint64_t> shape_;
  BlockFile file_{std::filesystem::temp_directory_path()};
  ChunkBlocks blocks_;
  std::atomic<std::uint64_t> fill_count_ = 0;
};

TEST(ChunkBlocks, JoinChunksAlongTheLastDimensions) {
  const auto shape = [](const ChunkedStorage& chunked, std::uint64_t most_bytes) {
    return ChunkBlocks::ShapeFor(chunked, 4, most_bytes);
  };
  EXPECT_THAT(shape(Chunked({2048, 4096}, {2048, 16}), 1 << 20), ElementsAre(2048, 128));
  EXPECT_THAT(shape(Chunked({2048, 4096}, {2048, 16}), 1 << 10), ElementsAre(2048, 16));
  EXPECT_THAT(shape(Chunked({20, 30, 7}, {4, 5, 3}), 4 * 4 * 10 * 7), ElementsAre(4, 10, 7));
  EXPECT_THAT(shape(Chunked({20, 30, 7}, {4, 5, 3}), 1 << 20), ElementsAre(20, 30, 7));
  EXPECT_THAT(shape(Chunked({3}, {1000}), 1 << 20), ElementsAre(3));
}

TEST(ChunkBlocks, AreEachFilledOnceByManyThreads) {
  BlocksOfNumbers numbers(Chunked({64, 96}, {64, 4}), 64 * 8 * 4);  // 12 blocks of 8 columns
  std::vector<std::jthread> threads;
  for (std::uint64_t first = 0; first < 4; ++first) {
    threads.emplace_back([&numbers, first] {
      for (std::uint64_t row = first; row < 64; row += 4) {
        const std::uint64_t start[] = {row, 0};
        const std::uint64_t count[] = {1, 96};
        numbers.Read({Coordinates(start), Coordinates(count)});
      }
    });
  }
  threads.clear();
  EXPECT_EQ(numbers.fills(), 12);
}

TEST(ChunkBlocks, LeaveTheirRoomToTheNextOnes) {
  BlocksOfNumbers numbers(Chunked({64, 96}, {4, 4}), 4 * 8 * 4);  // 16 rows of 12 blocks
  for (std::uint64_t row = 0; row < 64; ++row) {
    const std::uint64_t start[] = {row, 0};
    const std::uint64_t count[] = {1, 96};
    numbers.Read({Coordinates(start), Coordinates(count)});
  }
  EXPECT_EQ(numbers.fills(), 16 * 12);
  EXPECT_EQ(numbers.EndOfFile(), 12 * 128);
}

TEST(ChunkBlocks, AreFilledByTheNextOneWhereThatFailed) {
  BlocksOfNumbers numbers(Chunked({8, 8}, {8, 8}), 1 << 20);
  numbers.failures_left = 1;
  const Box row = {Coordinates(std::vector<std::uint64_t>{3, 0}),
                   Coordinates(std::vector<std::uint64_t>{1, 8})};
  EXPECT_THROW(numbers.Read(row), Error);
  EXPECT_EQ(numbers.Read(row).size(), 64);
  EXPECT_EQ(numbers.fills(), 2);
}

TEST(BlockFile, NamesTheFolderThatItCannotUse) {
  BlockFile file("/nowhere/at/all");
  try {
    file.Write(file.Take(4), std::vector<std::byte>(4));
    FAIL() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSystem);
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/at/all"));
  }
}

}  // namespace
}  // namespace polyak::hdf5
