#include "formats/hdf5/index_builder.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/failure.h"

namespace polyak::hdf5 {
namespace {

// No way of storing a link to a dataset takes less.
constexpr std::uint64_t kLeastBytesOfLink = 8;

}  // namespace

IndexBuilder::IndexBuilder(const Image& image, IndexBudget& budget)
    : image_(image), budget_(budget), storage_(std::make_shared<StorageList>()) {}

void IndexBuilder::Add(const wire::Reply& reply) {
  if (reply.has_failure()) throw ErrorOf(reply.failure());
  // Or an answer could go on for ever and say nothing.
  if (reply.datasets().empty() && !reply.done()) {
    throw Error(ErrorKind::kCorrupt, "a part of its index is empty");
  }
  for (const wire::Dataset& dataset : reply.datasets()) {
    if (++datasets_ > image_.bytes / kLeastBytesOfLink) {
      throw Error(ErrorKind::kCorrupt, "it names more datasets than the file has room for");
    }
    DatasetTensor tensor = TranslateDataset(dataset, image_);
    if (!budget_.Charge(tensor.info.index_bytes())) continue;
    contents_.tensors.push_back(std::move(tensor.info));
    storage_->tensors.push_back(std::move(tensor.storage));
  }
}

ImageContents IndexBuilder::Build() && {
  budget_.CheckFits();
  contents_.storage = std::move(storage_);
  return std::move(contents_);
}

}  // namespace polyak::hdf5
