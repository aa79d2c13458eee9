// Where datasets say that their elements lie, held against where the file's structure was found: a
// damaged or hostile file may have one over the other, and writing averages there would destroy it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "descriptor_driver.h"

namespace polyak::hdf5 {

class DataPlaces {
 public:
  // The places noted from here on belong to this dataset.
  void Begin(const std::string& path);
  void Add(std::uint64_t begin, std::uint64_t length);

  // Throws Failure (DAMAGED), with the dataset's path in front, where its elements lie over a piece
  // of structure.
  void CheckApartFrom(std::span<const FilePlace> structure);

 private:
  struct Place {
    std::uint64_t begin;
    std::uint64_t length;
    std::size_t dataset;  // its path's number
  };

  static std::uint64_t EndOf(const Place& place) noexcept;
  std::vector<std::size_t> FarthestSoFar() const;

  std::vector<Place> places_;
  std::vector<std::string> paths_;
};

}  // namespace polyak::hdf5
