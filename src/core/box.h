// Boxes: parts of a tensor in logical coordinates.
//
// A box has as many dimensions as its tensor, or exactly one: a box of rank 1 over a tensor of
// another rank is a range of its elements in row-major order. Whatever is stored contiguously
// is cut into such ranges, whatever its shape.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace polyak {

// The largest rank that HDF5 (H5S_MAX_RANK) and numpy know.
inline constexpr std::size_t kMaxRank = 32;

// Up to kMaxRank numbers, one per dimension, held in place: boxes are made in loops that don't
// allocate.
class Coordinates {
 public:
  Coordinates() = default;
  explicit Coordinates(std::span<const std::uint64_t> values);
  Coordinates(std::size_t rank, std::uint64_t value);

  std::size_t size() const noexcept { return rank_; }
  std::uint64_t& operator[](std::size_t i) noexcept { return values_[i]; }
  std::uint64_t operator[](std::size_t i) const noexcept { return values_[i]; }
  std::span<const std::uint64_t> span() const noexcept { return {values_.data(), rank_}; }
  bool operator==(const Coordinates& other) const noexcept;

 private:
  std::size_t rank_ = 0;
  std::array<std::uint64_t, kMaxRank> values_{};
};

struct Box {
  Coordinates start;
  Coordinates count;

  bool operator==(const Box&) const = default;
};

// The elements [first, first + count) in row-major order.
Box RangeBox(std::uint64_t first, std::uint64_t count);

// The product of the box's counts. The box must lie inside a tensor whose elements were counted.
std::uint64_t ElementsIn(const Box& box) noexcept;

// The product of the dimensions; 1 for rank 0. Throws Error (kCorrupt) where it passes 2^63 or
// the rank passes kMaxRank.
std::uint64_t ElementsOf(std::span<const std::uint64_t> shape);

// True where the box has the shape's rank, or rank 1, and nothing of it lies outside.
bool Inside(const Box& box, std::span<const std::uint64_t> shape) noexcept;

// The row-major number, in the tensor, of the element number `element` of the box.
std::uint64_t ElementAt(std::span<const std::uint64_t> shape, const Box& box,
                        std::uint64_t element) noexcept;

// Calls visit(first, count) for the maximal runs of consecutive row-major elements that make up
// the box, in row-major order. The box lies inside the shape.
void ForEachRun(std::span<const std::uint64_t> shape, const Box& box,
                const std::function<void(std::uint64_t first, std::uint64_t count)>& visit);

}  // namespace polyak
