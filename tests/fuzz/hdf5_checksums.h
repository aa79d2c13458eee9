// The checksums of HDF5's structure (superblocks of version 2 and 3, object headers of version 2,
// heaps, B-trees, chunk indexes), so that a mutant isn't refused for its checksum alone.
// HDF5 File Format Specification 3.0; the checksum is Bob Jenkins's lookup3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace polyak::test {

// Jenkins's hashlittle() with the initial value 0.
std::uint32_t Lookup3(std::string_view bytes) noexcept;

class Hdf5Checksums {
 public:
  // Finds what has a checksum in a good file, wherever it begins in `file`: from each signature on,
  // the length whose checksum stands right behind it.
  explicit Hdf5Checksums(std::string_view file);

  // Of a file in which those blocks still lie where they did.
  void Repair(std::string& file) const;
  std::size_t size() const noexcept { return blocks_.size(); }

 private:
  struct Block {
    std::size_t begin = 0;
    std::size_t bytes = 0;  // the checksum comes behind them
  };

  std::vector<Block> blocks_;
};

}  // namespace polyak::test
