#include "formats/hdf5/open_chunks.h"

#include <algorithm>

namespace polyak::hdf5 {

OpenChunks OpenChunksOf(std::span<const std::uint64_t> shape,
                        std::span<const std::uint64_t> chunk_shape, const Box& box) noexcept {
  OpenChunks open{.in_band = 1};
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::uint64_t end = box.start[d] + box.count[d];
    const std::uint64_t all = (shape[d] - 1) / chunk_shape[d] + 1;
    const std::uint64_t touched = (end - 1) / chunk_shape[d] - box.start[d] / chunk_shape[d] + 1;
    const bool in_parts =
        box.start[d] % chunk_shape[d] != 0 || (end % chunk_shape[d] != 0 && end != shape[d]);
    if (open.bands > 0) {
      open.in_band *= all;
    } else if (in_parts) {
      open.bands = touched;
      open.all_bands = all;
    } else {
      open.in_band *= touched;
    }
  }
  return open.bands > 0 ? open : OpenChunks{};
}

}  // namespace polyak::hdf5
