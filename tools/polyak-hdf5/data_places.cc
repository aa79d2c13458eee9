#include "data_places.h"

#include <algorithm>
#include <limits>

#include "library.h"

namespace polyak::hdf5 {

std::uint64_t DataPlaces::EndOf(const Place& place) noexcept {
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  return place.length > kLast - place.begin ? kLast : place.begin + place.length;
}

// For each place, which one up to it ends last: places of a hostile file may overlap.
std::vector<std::size_t> DataPlaces::FarthestSoFar() const {
  std::vector<std::size_t> farthest(places_.size());
  for (std::size_t i = 1; i < places_.size(); ++i) {
    farthest[i] = EndOf(places_[i]) > EndOf(places_[farthest[i - 1]]) ? i : farthest[i - 1];
  }
  return farthest;
}

void DataPlaces::Begin(const std::string& path) { paths_.push_back(path); }

void DataPlaces::Add(std::uint64_t begin, std::uint64_t length) {
  if (length != 0) places_.push_back({begin, length, paths_.size() - 1});
}

void DataPlaces::CheckApartFrom(std::span<const FilePlace> structure) {
  std::ranges::sort(places_, {}, &Place::begin);
  const std::vector<std::size_t> farthest = FarthestSoFar();
  for (const FilePlace& piece : structure) {
    const auto after =
        std::ranges::lower_bound(places_, piece.begin + piece.length, {}, &Place::begin);
    if (after == places_.begin()) continue;
    const Place& place = places_[farthest[static_cast<std::size_t>(after - places_.begin()) - 1]];
    if (EndOf(place) <= piece.begin) continue;
    Failure failure(wire::Failure::DAMAGED, "its data lies over the structure of the file");
    failure.AddContext(paths_[place.dataset]);
    throw failure;
  }
}

}  // namespace polyak::hdf5
