// Parts of chunks against an enumeration of their elements.
#include "formats/hdf5/chunk_box.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "formats/hdf5/open_chunks.h"

namespace polyak::hdf5 {
namespace {

std::vector<std::uint64_t> RandomShape(std::mt19937& random, std::size_t rank, std::uint64_t most) {
  std::vector<std::uint64_t> shape(rank);
  for (std::uint64_t& elements : shape) elements = 1 + random() % most;
  return shape;
}

Box RandomBox(std::mt19937& random, std::span<const std::uint64_t> shape) {
  Box box{Coordinates(shape), Coordinates(shape)};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    box.start[d] = random() % 2 == 0 ? 0 : random() % shape[d];
    const std::uint64_t rest = shape[d] - box.start[d];
    box.count[d] = random() % 2 == 0 ? rest : 1 + random() % rest;
  }
  return box;
}

// The box moved to where `origin` is 0.
Box Within(const Box& box, const Coordinates& origin) {
  Box moved = box;
  for (std::size_t d = 0; d < origin.size(); ++d) moved.start[d] -= origin[d];
  return moved;
}

std::vector<std::uint64_t> ElementsOf(std::span<const std::uint64_t> shape, const Box& box) {
  std::vector<std::uint64_t> elements;
  for (std::uint64_t i = 0; i < ElementsIn(box); ++i) {
    elements.push_back(ElementAt(shape, box, i));
  }
  return elements;
}

TEST(ChunkPieces, AreRunsOfTheChunkThatMakeUpThePart) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    const std::size_t rank = 1 + random() % 4;
    const auto shape = RandomShape(random, rank, 12);
    const auto chunk_shape = RandomShape(random, rank, 6);
    const std::uint64_t most = 1 + random() % 40;
    ForEachChunk(shape, chunk_shape, RandomBox(random, shape), [&](const ChunkPart& part) {
      std::vector<std::uint64_t> all;
      ForEachPiece(chunk_shape, part, most, [&](const Box& piece, std::uint64_t first) {
        const auto elements = ElementsOf(chunk_shape, Within(piece, part.origin));
        ASSERT_LE(elements.size(), most);
        for (std::size_t i = 0; i < elements.size(); ++i) ASSERT_EQ(elements[i], first + i);
        all.insert(all.end(), elements.begin(), elements.end());
      });
      ASSERT_EQ(all, ElementsOf(chunk_shape, Within(part.box, part.origin)));
    });
  }
}

OpenChunks OpenIn(const std::vector<std::uint64_t>& start,
                  const std::vector<std::uint64_t>& count) {
  return OpenChunksOf(std::vector<std::uint64_t>{20, 30}, std::vector<std::uint64_t>{8, 7},
                      {Coordinates(start), Coordinates(count)});
}

TEST(OpenChunks, AreThoseOfABandWhereRowsAreReadInParts) {
  const OpenChunks row = OpenIn({3, 0}, {1, 30});
  EXPECT_EQ(row.in_band, 5);
  EXPECT_EQ(row.bands, 1);
  EXPECT_EQ(row.all_bands, 3);
  EXPECT_EQ(OpenIn({7, 2}, {2, 1}).bands, 2);
}

TEST(OpenChunks, AreThoseOfAColumnWhereBoxesTakeItsChunksInParts) {
  const OpenChunks column = OpenIn({8, 3}, {12, 2});
  EXPECT_EQ(column.in_band, 2);
  EXPECT_EQ(column.bands, 1);
  EXPECT_EQ(column.all_bands, 5);
}

TEST(OpenChunks, AreNoneWhereAllAreReadWhole) {
  EXPECT_EQ(OpenIn({8, 0}, {8, 30}).in_band, 0);
  EXPECT_EQ(OpenIn({16, 28}, {4, 2}).in_band, 0);
}

}  // namespace
}  // namespace polyak::hdf5
