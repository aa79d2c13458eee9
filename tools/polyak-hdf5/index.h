// The walk over a file's groups.
#pragma once

#include <hdf5.h>

#include <functional>
#include <string>

namespace polyak::hdf5 {

// What a walk meets. A path has no slash in front; the root's is empty.
struct Visits {
  std::function<void(hid_t group, const std::string& path)> group;
  // Asked first of every object but the root: whether it is a dataset of which all is known.
  std::function<bool(const std::string& path, haddr_t address)> known_dataset;
  std::function<void(hid_t dataset, const std::string& path, haddr_t address)> dataset;
  std::function<void(const std::string& path)> external_link;
};

// Visits every group once, and every hard link to a dataset and external link in it, in the order
// of creation where the group tracks it, else of the names; a group in the place of its link.
// Cycles end thereby. Throws Failure, with the path in front where there is one.
void WalkObjects(hid_t file, const Visits& visits);

}  // namespace polyak::hdf5
