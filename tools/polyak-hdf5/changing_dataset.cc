#include "changing_dataset.h"

#include "describe.h"

namespace polyak::hdf5 {
namespace {

wire::Dataset DescribeIfDataset(hid_t object, haddr_t address) {
  if (H5Iget_type(object) != H5I_DATASET) throw NotAsPlanned();
  return Describe(object, "", address);
}

}  // namespace

ChangingDataset::ChangingDataset(hid_t file, haddr_t address, wire::Dataset::Layout layout)
    : object_(H5Oopen_by_addr(file, address), H5Oclose),
      change_time_(ChangeTimeOf(object_.id())),
      described_(DescribeIfDataset(object_.id(), address)) {
  if (described_.layout() != layout) throw NotAsPlanned();
}

void ChangingDataset::Close() {
  const ObjectClock clock = Clock();
  object_.CloseNow();
}

Failure NotAsPlanned() {
  return {wire::Failure::DAMAGED, "a dataset isn't what it was when the file was opened"};
}

}  // namespace polyak::hdf5
