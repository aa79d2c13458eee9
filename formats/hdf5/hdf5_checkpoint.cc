#include "formats/hdf5/hdf5_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace polyak::hdf5 {
namespace {

Error ErrorOf(const wire::Failure& failure) {
  switch (failure.kind()) {
    case wire::Failure::UNSUPPORTED: return {ErrorKind::kUnsupported, failure.text()};
    case wire::Failure::MEMORY:
      return {ErrorKind::kUnsupported,
              "the HDF5 library needs more memory for this file than it was given",
              "a larger --memory gives it more"};
    case wire::Failure::SYSTEM: return {ErrorKind::kSystem, failure.text()};
    default: return {ErrorKind::kCorrupt, failure.text()};
  }
}

// No way of storing a link to a dataset takes less.
constexpr std::uint64_t kLeastBytesOfLink = 8;

}  // namespace

CheckpointBuilder::CheckpointBuilder(std::shared_ptr<const InputFile> file, IndexBudget& budget)
    : file_(std::move(file)), budget_(budget) {}

void CheckpointBuilder::Add(const wire::Reply& reply) {
  if (reply.has_failure()) throw ErrorOf(reply.failure());
  // Or an answer could go on for ever and say nothing.
  if (reply.datasets().empty() && !reply.done()) {
    throw Error(ErrorKind::kCorrupt, "a part of its index is empty");
  }
  for (const wire::Dataset& dataset : reply.datasets()) {
    if (++datasets_ > file_->size() / kLeastBytesOfLink) {
      throw Error(ErrorKind::kCorrupt, "it names more datasets than the file has room for");
    }
    DatasetTensor tensor = TranslateDataset(dataset, file_->size());
    if (!budget_.Charge(tensor.info.index_bytes())) continue;
    tensors_.push_back(std::move(tensor.info));
    payloads_.push_back(std::move(tensor.payload));
  }
}

std::unique_ptr<Checkpoint> CheckpointBuilder::Build() && {
  budget_.CheckFits();
  CheckNamesDiffer();
  CheckExtents(payloads_, tensors_, {file_});
  CheckAliasesAgree();
  return std::make_unique<ExtentCheckpoint>(InputFiles{std::move(file_)}, std::move(tensors_),
                                            std::move(payloads_));
}

void CheckpointBuilder::CheckNamesDiffer() const {
  std::vector<std::string_view> names;
  names.reserve(tensors_.size());
  for (const TensorInfo& tensor : tensors_) names.emplace_back(tensor.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) {
    throw Error(ErrorKind::kCorrupt, fmt::format("two datasets are called '{}'", *twice));
  }
}

// Names of one dataset agree on what it is. Two datasets that claim the same bytes are damage.
void CheckpointBuilder::CheckAliasesAgree() const {
  std::unordered_map<std::uint64_t, std::size_t> first_at;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (payloads_[i].runs.empty()) continue;
    const std::size_t first = first_at.emplace(payloads_[i].runs[0].offset, i).first->second;
    if (tensors_[first].dtype == tensors_[i].dtype && tensors_[first].shape == tensors_[i].shape &&
        payloads_[first].swapped_bytes == payloads_[i].swapped_bytes) {
      continue;
    }
    Error error(ErrorKind::kCorrupt, fmt::format("its data is also that of '{}', which is another "
                                                 "array",
                                                 tensors_[first].name));
    error.AddContext(tensors_[i].name);
    throw error;
  }
}

}  // namespace polyak::hdf5
