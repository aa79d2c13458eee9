#include "core/tiles.h"

#include <gtest/gtest.h>

#include <vector>

namespace polyak {
namespace {

TEST(Tiles, CutRangesWithTheRestLast) {
  const Tiles tiles = Tiles::Ranges(10, 4);
  ASSERT_EQ(tiles.count(), 3U);
  EXPECT_EQ(tiles.BoxAt(0), RangeBox(0, 4));
  EXPECT_EQ(tiles.BoxAt(2), RangeBox(8, 2));
}

TEST(Tiles, OfNothingAreNone) { EXPECT_EQ(Tiles::Ranges(0, 4).count(), 0U); }

TEST(Tiles, OfAGridCoverEveryElementOnce) {
  const std::vector<std::uint64_t> shape = {5, 7, 3};
  const std::vector<std::uint64_t> tile = {2, 3, 3};
  const Tiles tiles = Tiles::Grid(shape, tile);
  EXPECT_EQ(tiles.count(), 3U * 3U * 1U);
  std::vector<int> covered(5 * 7 * 3);
  for (std::uint64_t i = 0; i < tiles.count(); ++i) {
    const Box box = tiles.BoxAt(i);
    ASSERT_TRUE(Inside(box, shape));
    ForEachRun(shape, box, [&](std::uint64_t first, std::uint64_t count) {
      for (std::uint64_t e = first; e < first + count; ++e) ++covered[e];
    });
  }
  EXPECT_EQ(covered, std::vector<int>(5 * 7 * 3, 1));
}

}  // namespace
}  // namespace polyak
