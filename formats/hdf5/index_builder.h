// The helper's answer to one request, checked, as what an image holds.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "core/format.h"
#include "formats/hdf5/dataset.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/index.pb.h"
#include "formats/hdf5/storage.h"

namespace polyak::hdf5 {

// Takes the replies to one request for an index. The budget must outlive it. Not shared between
// threads.
class IndexBuilder {
 public:
  IndexBuilder(const Image& image, IndexBudget& budget);

  // Charges the budget, and keeps nothing where it is used up. Throws Error: kCorrupt where the
  // reply makes no sense, and what a failure in it says.
  void Add(const wire::Reply& reply);

  // After the last reply. Throws Error: kUnsupported where the budget was not enough, kCorrupt
  // where something is missing.
  ImageContents Build() &&;

 private:
  // Of the dataset whose chunks or values come next.
  struct Open {
    DatasetTensor tensor;
    bool is_kept = false;
  };

  void AddDataset(const wire::Dataset& dataset);
  void CheckChunkCount(const DatasetTensor& tensor) const;
  void AddToOpen(const wire::Reply& reply);
  void CloseOpen();
  // Names of one dataset share its storage.
  void ShareSpecial(DatasetTensor& tensor);
  void AddAttribute(const wire::Attribute& attribute);

  Image image_;
  IndexBudget& budget_;
  std::uint64_t datasets_ = 0;
  std::optional<Open> open_;
  std::map<std::uint64_t, std::shared_ptr<const SpecialStorage>> specials_;  // by object address
  ImageContents contents_;
  std::shared_ptr<StorageList> storage_;
};

}  // namespace polyak::hdf5
