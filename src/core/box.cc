#include "core/box.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/checked.h"
#include "core/error.h"

namespace polyak {
namespace {

std::uint64_t Product(std::span<const std::uint64_t> values) noexcept {
  std::uint64_t product = 1;
  for (const std::uint64_t value : values) product *= value;
  return product;
}

// The outermost dimension of the box's runs: everything inside it is taken whole, so that a run
// is count[axis] times the elements of one step along it.
std::size_t RunAxis(std::span<const std::uint64_t> shape, const Box& box) noexcept {
  std::size_t axis = shape.size();
  while (axis > 0 && (axis == shape.size() || box.count[axis] == shape[axis])) --axis;
  return axis;
}

// Steps `position` to the next one of the box in row-major order over its first `rank`
// dimensions; false after the last.
bool Advance(const Box& box, std::size_t rank, Coordinates& position) noexcept {
  for (std::size_t d = rank; d-- > 0;) {
    if (++position[d] < box.start[d] + box.count[d]) return true;
    position[d] = box.start[d];
  }
  return false;
}

}  // namespace

Coordinates::Coordinates(std::span<const std::uint64_t> values) : rank_(values.size()) {
  assert(values.size() <= kMaxRank);
  std::copy(values.begin(), values.end(), values_.begin());
}

Coordinates::Coordinates(std::size_t rank, std::uint64_t value) : rank_(rank) {
  assert(rank <= kMaxRank);
  std::fill_n(values_.begin(), rank, value);
}

bool Coordinates::operator==(const Coordinates& other) const noexcept {
  return std::ranges::equal(span(), other.span());
}

Box RangeBox(std::uint64_t first, std::uint64_t count) {
  return {Coordinates(1, first), Coordinates(1, count)};
}

std::uint64_t ElementsIn(const Box& box) noexcept { return Product(box.count.span()); }

std::uint64_t ElementsOf(std::span<const std::uint64_t> shape) {
  if (shape.size() > kMaxRank) {
    throw Error(ErrorKind::kCorrupt, "too many dimensions (found " + std::to_string(shape.size()) +
                                         ", expected at most " + std::to_string(kMaxRank) + ")");
  }
  if (std::ranges::find(shape, 0U) != shape.end()) return 0;
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::uint64_t elements = 1;
  for (const std::uint64_t dimension : shape) {
    const auto product = CheckedMultiply(elements, dimension);
    if (!product || *product > kMost) {
      throw Error(ErrorKind::kCorrupt, "the product of the dimensions passes 2^63");
    }
    elements = *product;
  }
  return elements;
}

bool Inside(const Box& box, std::span<const std::uint64_t> shape) noexcept {
  const std::size_t rank = box.count.size();
  if (box.start.size() != rank) return false;
  const auto fits = [&box](std::size_t d, std::uint64_t extent) {
    return box.start[d] <= extent && box.count[d] <= extent - box.start[d];
  };
  if (rank == 1 && shape.size() != 1) return fits(0, Product(shape));
  if (rank != shape.size()) return false;
  for (std::size_t d = 0; d < rank; ++d) {
    if (!fits(d, shape[d])) return false;
  }
  return true;
}

std::uint64_t ElementAt(std::span<const std::uint64_t> shape, const Box& box,
                        std::uint64_t element) noexcept {
  const std::size_t rank = box.count.size();
  if (rank == 1) return box.start[0] + element;
  std::uint64_t number = 0;
  std::uint64_t step = 1;
  for (std::size_t d = rank; d-- > 0;) {
    number += (box.start[d] + element % box.count[d]) * step;
    element /= box.count[d];
    step *= shape[d];
  }
  return number;
}

void ForEachRun(std::span<const std::uint64_t> shape, const Box& box,
                const std::function<void(std::uint64_t first, std::uint64_t count)>& visit) {
  assert(Inside(box, shape));
  if (ElementsIn(box) == 0) return;
  if (shape.empty()) return visit(0, 1);
  if (box.count.size() == 1) return visit(box.start[0], box.count[0]);

  const std::size_t axis = RunAxis(shape, box);
  const std::uint64_t step = Product(shape.subspan(axis + 1));
  Coordinates position = box.start;
  do {
    std::uint64_t first = 0;
    for (std::size_t d = 0; d <= axis; ++d) first = first * shape[d] + position[d];
    visit(first * step, box.count[axis] * step);
  } while (Advance(box, axis, position));
}

}  // namespace polyak
