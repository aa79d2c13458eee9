#include "data_places.h"

#include <algorithm>

#include "library.h"

namespace polyak::hdf5 {

void DataPlaces::Add(const wire::Dataset& dataset) {
  if (!dataset.has_offset() || dataset.storage_bytes() == 0) return;
  places_.push_back({dataset.offset(), dataset.storage_bytes(), dataset.path()});
}

void DataPlaces::CheckApartFrom(std::span<const StructurePlace> structure) {
  std::ranges::sort(places_, {}, &Place::begin);
  for (const StructurePlace& piece : structure) {
    // Data apart from other data: only the last one that begins before the piece's end can reach
    // into it. Data that overlaps other data is refused by polyak itself.
    const auto after =
        std::ranges::lower_bound(places_, piece.begin + piece.length, {}, &Place::begin);
    if (after == places_.begin()) continue;
    const Place& place = *std::prev(after);
    const bool reaches = place.begin >= piece.begin || place.length > piece.begin - place.begin;
    if (!reaches) continue;
    Failure failure(wire::Failure::DAMAGED, "its data lies over the structure of the file");
    failure.AddContext(place.path);
    throw failure;
  }
}

}  // namespace polyak::hdf5
