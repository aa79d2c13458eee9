// LZF, the compression of h5py's filter 32000. A row of
//   000ccccc                    and c + 1 bytes as they are
//   lllooooo oooooooo           l + 2 bytes that lie o + 1 bytes back, l from 1 to 6
//   111ooooo llllllll oooooooo  l + 9 of them
// http://oldhome.schmorp.de/marc/liblzf.html. liblzf itself is no use: what it writes depends on
// what was in memory before.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace polyak::hdf5 {

// Returns how many bytes of `to` are used; nothing where it is too small. Depends on the bytes
// only.
std::optional<std::size_t> CompressLzf(std::span<const std::byte> from, std::span<std::byte> to);

// Returns how many bytes of `to` came out; nothing where `from` makes no sense or it is too small.
std::optional<std::size_t> DecompressLzf(std::span<const std::byte> from, std::span<std::byte> to);

}  // namespace polyak::hdf5
