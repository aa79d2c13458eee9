// The walk over a file's groups.
#pragma once

#include <hdf5.h>

#include <functional>
#include <string>

namespace polyak::hdf5 {

// Calls visit(dataset, path) for every hard link to a dataset, in the order of creation where a
// group tracks it, else of the names; a group in the place of its link. A group is entered once,
// so cycles end. Throws Failure, with the path in front where there is one.
void ForEachDataset(hid_t file,
                    const std::function<void(hid_t dataset, const std::string& path)>& visit);

}  // namespace polyak::hdf5
