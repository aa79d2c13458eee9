// Boxes of a tensor and the chunks that it is stored in. Pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/box.h"

namespace polyak::hdf5 {

// Calls visit(box) for boxes of the shape's rank that together are the elements [first, first +
// count) in row-major order, in this order. At most twice as many as there are dimensions. The
// range lies inside, the rank is at least 1.
template <class Visitor>
void ForEachBoxOfRange(std::span<const std::uint64_t> shape, std::uint64_t first,
                       std::uint64_t count, const Visitor& visit) {
  while (count > 0) {
    // The outermost dimension along which whole steps fit.
    Box box{Coordinates(shape), Coordinates(shape)};
    std::uint64_t rest = first;
    for (std::size_t d = shape.size(); d-- > 0;) {
      box.start[d] = rest % shape[d];
      rest /= shape[d];
    }
    std::size_t axis = shape.size() - 1;
    std::uint64_t step = 1;  // elements of one step along the axis
    while (axis > 0 && box.start[axis] == 0 && count / step >= shape[axis]) {
      step *= shape[axis--];
    }
    for (std::size_t d = 0; d < axis; ++d) box.count[d] = 1;
    box.count[axis] = std::min(shape[axis] - box.start[axis], count / step);
    visit(box);
    first += box.count[axis] * step;
    count -= box.count[axis] * step;
  }
}

// What a box and a chunk have in common.
struct ChunkPart {
  std::uint64_t number = 0;  // of the chunk, row-major over the grid
  Coordinates origin;        // of the chunk, in the tensor
  Box box;                   // in the tensor
};

// Calls visit(part) for all chunks that the box touches, row-major. The box has the shape's rank.
template <class Visitor>
void ForEachChunk(std::span<const std::uint64_t> shape, std::span<const std::uint64_t> chunk_shape,
                  const Box& box, const Visitor& visit) {
  const std::size_t rank = shape.size();
  if (ElementsIn(box) == 0) return;
  Coordinates at(rank, 0);  // in the grid
  for (std::size_t d = 0; d < rank; ++d) at[d] = box.start[d] / chunk_shape[d];
  const Coordinates first = at;
  while (true) {
    ChunkPart part{0, Coordinates(rank, 0), {Coordinates(rank, 0), Coordinates(rank, 0)}};
    for (std::size_t d = 0; d < rank; ++d) {
      part.number = part.number * ((shape[d] - 1) / chunk_shape[d] + 1) + at[d];
      part.origin[d] = at[d] * chunk_shape[d];
      const std::uint64_t begin = std::max(box.start[d], part.origin[d]);
      // Not the chunk's end: that may pass 64 bits.
      const std::uint64_t left = chunk_shape[d] - (begin - part.origin[d]);
      part.box.start[d] = begin;
      part.box.count[d] = std::min(left, box.start[d] + box.count[d] - begin);
    }
    visit(part);
    std::size_t d = rank;
    while (d > 0 && at[d - 1] == (box.start[d - 1] + box.count[d - 1] - 1) / chunk_shape[d - 1]) {
      --d;
      at[d] = first[d];
    }
    if (d == 0) return;
    ++at[d - 1];
  }
}

// Calls visit(chunk_element, box_element, count) for the runs of elements of the part that follow
// one another both in the chunk and in the box: where they begin there.
template <class Visitor>
void ForEachRow(std::span<const std::uint64_t> chunk_shape, const Box& box, const ChunkPart& part,
                const Visitor& visit) {
  const std::size_t rank = chunk_shape.size();
  // Dimensions behind the axis are taken whole on both sides.
  std::size_t axis = rank - 1;
  std::uint64_t step = 1;
  while (axis > 0 && part.box.count[axis] == chunk_shape[axis] &&
         part.box.count[axis] == box.count[axis]) {
    step *= chunk_shape[axis--];
  }
  Coordinates at(rank, 0);  // in the part
  while (true) {
    std::uint64_t in_chunk = 0;
    std::uint64_t in_box = 0;
    for (std::size_t d = 0; d <= axis; ++d) {
      const std::uint64_t place = part.box.start[d] + at[d];
      in_chunk = in_chunk * chunk_shape[d] + (place - part.origin[d]);
      in_box = in_box * box.count[d] + (place - box.start[d]);
    }
    visit(in_chunk * step, in_box * step, part.box.count[axis] * step);
    std::size_t d = axis;
    while (d > 0 && at[d - 1] + 1 == part.box.count[d - 1]) at[--d] = 0;
    if (d == 0) return;
    ++at[d - 1];
  }
}

// Calls visit(piece, chunk_element) for boxes in the tensor that together are the part, each of
// them one run of the chunk's elements: of at most most_elements, which is at least 1.
template <class Visitor>
void ForEachPiece(std::span<const std::uint64_t> chunk_shape, const ChunkPart& part,
                  std::uint64_t most_elements, const Visitor& visit) {
  std::size_t axis = chunk_shape.size() - 1;
  std::uint64_t step = 1;
  while (axis > 0 && part.box.count[axis] == chunk_shape[axis] &&
         chunk_shape[axis] <= most_elements / step) {
    step *= chunk_shape[axis--];
  }
  const std::uint64_t most_steps = std::max<std::uint64_t>(1, most_elements / step);
  Box piece = part.box;
  for (std::size_t d = 0; d < axis; ++d) piece.count[d] = 1;
  while (true) {
    std::uint64_t in_chunk = 0;
    for (std::size_t d = 0; d < chunk_shape.size(); ++d) {
      in_chunk = in_chunk * chunk_shape[d] + (piece.start[d] - part.origin[d]);
    }
    const std::uint64_t done = piece.start[axis] - part.box.start[axis];
    piece.count[axis] = std::min(most_steps, part.box.count[axis] - done);
    visit(piece, in_chunk);
    piece.start[axis] += piece.count[axis];
    std::size_t d = axis + 1;
    while (d > 0 && piece.start[d - 1] == part.box.start[d - 1] + part.box.count[d - 1]) {
      piece.start[d - 1] = part.box.start[d - 1];
      if (--d > 0) ++piece.start[d - 1];
    }
    if (d == 0) return;
  }
}

}  // namespace polyak::hdf5
