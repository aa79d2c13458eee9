// Where datasets say that their elements lie, held against where the file's structure was found: a
// damaged or hostile file may have one over the other, and writing averages there would destroy it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "descriptor_driver.h"
#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

class DataPlaces {
 public:
  // Notes a dataset that is contiguous and allocated; does nothing for others.
  void Add(const wire::Dataset& dataset);

  // Throws Failure (DAMAGED), with the dataset's path in front, where its elements lie over a piece
  // of structure.
  void CheckApartFrom(std::span<const StructurePlace> structure);

 private:
  struct Place {
    std::uint64_t begin;
    std::uint64_t length;
    std::string path;
  };

  static std::uint64_t EndOf(const Place& place) noexcept;
  std::vector<std::size_t> FarthestSoFar() const;

  std::vector<Place> places_;
};

}  // namespace polyak::hdf5
