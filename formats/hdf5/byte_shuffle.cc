#include "formats/hdf5/byte_shuffle.h"

#include <cassert>
#include <cstring>

namespace polyak::hdf5 {
namespace {

// With the size known and nothing overlapping, compilers make vectors of these loops.
template <std::size_t kBytes>
void ShuffleElements(const std::byte* __restrict from, std::size_t count,
                     std::byte* __restrict to) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t b = 0; b < kBytes; ++b) to[b * count + i] = from[i * kBytes + b];
  }
}

template <std::size_t kBytes>
void UnshuffleElements(const std::byte* __restrict from, std::size_t count,
                       std::byte* __restrict to) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t b = 0; b < kBytes; ++b) to[i * kBytes + b] = from[b * count + i];
  }
}

// Elements of any size, in blocks that stay in the cache.
constexpr std::size_t kBlock = 256;

template <class Move>
void InBlocks(std::size_t count, std::size_t bytes, const Move& move) noexcept {
  for (std::size_t first = 0; first < count; first += kBlock) {
    const std::size_t end = count - first < kBlock ? count : first + kBlock;
    for (std::size_t b = 0; b < bytes; ++b) {
      for (std::size_t i = first; i < end; ++i) move(b * count + i, i * bytes + b);
    }
  }
}

}  // namespace

void Shuffle(std::span<const std::byte> from, std::size_t element_bytes,
             std::span<std::byte> to) noexcept {
  assert(from.size() == to.size() && element_bytes > 0);
  const std::size_t count = from.size() / element_bytes;
  switch (element_bytes) {
    case 2: ShuffleElements<2>(from.data(), count, to.data()); break;
    case 4: ShuffleElements<4>(from.data(), count, to.data()); break;
    case 8: ShuffleElements<8>(from.data(), count, to.data()); break;
    default:
      InBlocks(count, element_bytes,
               [&](std::size_t apart, std::size_t together) { to[apart] = from[together]; });
  }
  const std::size_t whole = count * element_bytes;
  if (whole < from.size()) std::memcpy(&to[whole], &from[whole], from.size() - whole);
}

void Unshuffle(std::span<const std::byte> from, std::size_t element_bytes,
               std::span<std::byte> to) noexcept {
  assert(from.size() == to.size() && element_bytes > 0);
  const std::size_t count = from.size() / element_bytes;
  switch (element_bytes) {
    case 2: UnshuffleElements<2>(from.data(), count, to.data()); break;
    case 4: UnshuffleElements<4>(from.data(), count, to.data()); break;
    case 8: UnshuffleElements<8>(from.data(), count, to.data()); break;
    default:
      InBlocks(count, element_bytes,
               [&](std::size_t apart, std::size_t together) { to[together] = from[apart]; });
  }
  const std::size_t whole = count * element_bytes;
  if (whole < from.size()) std::memcpy(&to[whole], &from[whole], from.size() - whole);
}

}  // namespace polyak::hdf5
