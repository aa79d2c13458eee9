// A dataset that is open to be changed, and keeps the time of its last change.
#pragma once

#include <hdf5.h>

#include <ctime>

#include "formats/hdf5/index.pb.h"
#include "library.h"
#include "object_clock.h"

namespace polyak::hdf5 {

class ChangingDataset {
 public:
  // Throws Failure where the object isn't a dataset of that layout.
  ChangingDataset(hid_t file, haddr_t address, wire::Dataset::Layout layout);

  hid_t id() const noexcept { return object_.id(); }
  const wire::Dataset& described() const noexcept { return described_; }
  // To live while the dataset is changed.
  ObjectClock Clock() const noexcept { return ObjectClock(change_time_); }
  // Throws Failure where what was changed can't be kept.
  void Close();

 private:
  Handle object_;
  std::time_t change_time_;
  wire::Dataset described_;
};

// What was asked doesn't fit the file.
Failure NotAsPlanned();

}  // namespace polyak::hdf5
