#include "core/box.h"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "core/error.h"

namespace polyak {
namespace {

using Shape = std::vector<std::uint64_t>;
using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Box MakeBox(const Shape& start, const Shape& count) {
  return {Coordinates(start), Coordinates(count)};
}

Runs RunsOf(const Shape& shape, const Box& box) {
  Runs runs;
  ForEachRun(shape, box,
             [&](std::uint64_t first, std::uint64_t count) { runs.emplace_back(first, count); });
  return runs;
}

// All elements of the box, by the plainest loop over all elements of the tensor.
std::vector<std::uint64_t> ElementsByDefinition(const Shape& shape, const Box& box) {
  std::vector<std::uint64_t> elements;
  for (std::uint64_t e = 0; e < ElementsOf(shape); ++e) {
    bool is_inside = true;
    std::uint64_t rest = e;
    for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d]) {
      const std::uint64_t at = rest % shape[d];
      is_inside = is_inside && at >= box.start[d] && at < box.start[d] + box.count[d];
    }
    if (is_inside) elements.push_back(e);
  }
  return elements;
}

TEST(ElementsOf, MultipliesTheDimensions) {
  EXPECT_EQ(ElementsOf(Shape{}), 1U);
  EXPECT_EQ(ElementsOf(Shape{3, 4, 5}), 60U);
  EXPECT_EQ(ElementsOf(Shape{3, 0, 5}), 0U);
}

TEST(ElementsOf, RefusesAProductThatWraps) {
  EXPECT_THROW(ElementsOf(Shape{std::uint64_t{1} << 32, std::uint64_t{1} << 32, 3}), Error);
  EXPECT_THROW(ElementsOf(Shape{std::uint64_t{1} << 63}), Error);
  EXPECT_EQ(ElementsOf(Shape{std::uint64_t{1} << 63, 0}), 0U);
}

TEST(ElementsOf, RefusesMoreThan32Dimensions) {
  EXPECT_EQ(ElementsOf(Shape(32, 1)), 1U);
  EXPECT_THROW(ElementsOf(Shape(33, 1)), Error);
}

TEST(Inside, TakesABoxOfTheTensorsRankOrARangeOfItsElements) {
  const Shape shape = {4, 6};
  EXPECT_TRUE(Inside(MakeBox({1, 2}, {3, 4}), shape));
  EXPECT_FALSE(Inside(MakeBox({2, 2}, {3, 4}), shape));
  EXPECT_TRUE(Inside(RangeBox(20, 4), shape));
  EXPECT_FALSE(Inside(RangeBox(21, 4), shape));
  EXPECT_FALSE(Inside(MakeBox({0, 0, 0}, {1, 1, 1}), shape));
  EXPECT_FALSE(Inside(RangeBox(~std::uint64_t{0}, 2), shape));
}

TEST(ForEachRun, GivesOneRunForWhatIsContiguous) {
  EXPECT_EQ(RunsOf({4, 6}, MakeBox({1, 0}, {2, 6})), (Runs{{6, 12}}));
  EXPECT_EQ(RunsOf({4, 6}, RangeBox(5, 9)), (Runs{{5, 9}}));
  EXPECT_EQ(RunsOf({}, RangeBox(0, 1)), (Runs{{0, 1}}));
  EXPECT_EQ(RunsOf({2, 3, 4}, MakeBox({1, 1, 0}, {1, 2, 4})), (Runs{{16, 8}}));
}

TEST(ForEachRun, GivesNothingForAnEmptyBox) {
  EXPECT_EQ(RunsOf({4, 6}, MakeBox({1, 0}, {0, 6})), Runs{});
  EXPECT_EQ(RunsOf({0, 6}, RangeBox(0, 0)), Runs{});
}

TEST(ForEachRun, CoversEveryBoxOfASmallTensorInOrderByMaximalRuns) {
  const Shape shape = {3, 2, 4};
  for (std::uint64_t boxes = 0; boxes < 3 * 2 * 4; ++boxes) {
    const Shape start = {boxes % 3, boxes / 3 % 2, boxes / 6};
    for (std::uint64_t sizes = 0; sizes < 3 * 2 * 4; ++sizes) {
      const Shape count = {sizes % 3 + 1, sizes / 3 % 2 + 1, sizes / 6 + 1};
      const Box box = MakeBox(start, count);
      if (!Inside(box, shape)) continue;
      std::vector<std::uint64_t> elements;
      std::uint64_t last_end = ~std::uint64_t{0};
      for (const auto& [first, length] : RunsOf(shape, box)) {
        EXPECT_NE(first, last_end) << "two runs that are one";
        for (std::uint64_t i = 0; i < length; ++i) elements.push_back(first + i);
        last_end = first + length;
      }
      EXPECT_EQ(elements, ElementsByDefinition(shape, box));
    }
  }
}

TEST(Box, NumbersItsElementsByTheirPlaceInTheTensor) {
  const std::vector<std::uint64_t> shape = {4, 5, 3};
  for (const Box& box : {Box{Coordinates(shape), Coordinates(shape)}, RangeBox(7, 20)}) {
    Box inside = box;
    if (inside.start.size() == 3) {
      inside.start = Coordinates(3, 1);
      inside.count = Coordinates(std::vector<std::uint64_t>{2, 4, 1});
    }
    std::uint64_t element = 0;
    ForEachRun(shape, inside, [&](std::uint64_t first, std::uint64_t count) {
      for (std::uint64_t i = 0; i < count; ++i) {
        EXPECT_EQ(ElementAt(shape, inside, element++), first + i);
      }
    });
    EXPECT_EQ(element, ElementsIn(inside));
  }
}

}  // namespace
}  // namespace polyak
