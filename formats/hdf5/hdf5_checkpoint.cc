// An HDF5 file, or several, as a checkpoint.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "formats/hdf5/chunk_reader.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/hdf5_output.h"
#include "formats/hdf5/storage.h"
#include "io/spliced_output.h"

namespace polyak::hdf5 {
namespace {

void CheckNamesDiffer(std::span<const TensorInfo> tensors) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) names.emplace_back(tensor.name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) {
    throw Error(ErrorKind::kCorrupt, fmt::format("two datasets are called '{}'", *twice));
  }
}

// Names of one dataset agree on what it is. Two datasets that claim the same bytes are damage.
void CheckAliasesAgree(std::span<const TensorInfo> tensors, std::span<const Payload> payloads) {
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::size_t> first_at;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (payloads[i].runs.empty()) continue;
    const PayloadRun& run = payloads[i].runs[0];
    const std::size_t first = first_at.emplace(std::pair(run.file, run.offset), i).first->second;
    if (tensors[first].dtype == tensors[i].dtype && tensors[first].shape == tensors[i].shape &&
        payloads[first].swapped_bytes == payloads[i].swapped_bytes) {
      continue;
    }
    Error error(
        ErrorKind::kCorrupt,
        fmt::format("its data is also that of '{}', which is another array", tensors[first].name));
    error.AddContext(tensors[i].name);
    throw error;
  }
}

class Hdf5Checkpoint final : public ExtentCheckpoint {
 public:
  Hdf5Checkpoint(CheckpointParts parts, std::vector<TensorInfo> tensors,
                 std::vector<Payload> payloads, std::vector<TensorStorage> storage,
                 const OpenContext& context)
      : ExtentCheckpoint(std::move(parts.files), std::move(tensors), std::move(payloads),
                         std::move(parts.notes)),
        storage_(std::move(storage)),
        images_(std::move(parts.images)),
        container_(std::move(parts.container)),
        helper_{context.hdf5_helper, context.helper_memory_bytes} {}

 private:
  std::vector<std::filesystem::path> DoDataFilesOf(const OutputRequest& request) const override {
    return container_->DataFilesOf(request);
  }

  std::unique_ptr<Output> DoBeginOutput(const OutputRequest& request) const override {
    const OutputTemplate source{all_files(), tensors(), storage_, images_,
                                *container_, reader_,   helper_};
    return std::make_unique<Hdf5Output>(source, request);
  }

  std::vector<TensorStorage> storage_;
  std::vector<Image> images_;
  std::shared_ptr<const Container> container_;
  HelperSettings helper_;
  ChunkReader reader_;
};

}  // namespace

OutputLayout Container::LayOut(const InputFiles& files, std::span<const Image> /*images*/,
                               const OutputRequest& /*request*/, std::span<Place> places) const {
  OutputLayout layout{.sources = files, .main = {}, .data = {}};
  layout.main.Copy(0, {.offset = 0, .length = files.front()->size()});
  places.front() = {};
  return layout;
}

void Container::Finish(PendingFiles files, std::span<const Place> /*places*/,
                       std::span<const std::uint64_t> sizes, std::string_view /*record*/) const {
  if (files.back()->AsInput()->size() != sizes.front()) files.back()->Resize(sizes.front());
}

std::unique_ptr<Checkpoint> MakeCheckpoint(CheckpointParts parts, OpenContext& context) {
  std::vector<TensorInfo> tensors;
  std::vector<Payload> payloads;
  std::vector<TensorStorage> storage;
  for (std::uint32_t i = 0; i < parts.contents.size(); ++i) {
    ImageContents& contents = parts.contents[i];
    std::ranges::move(contents.tensors, std::back_inserter(tensors));
    for (const TensorStorage& tensor : contents.storage->tensors) {
      payloads.push_back(tensor.payload);
      storage.push_back(tensor);
      storage.back().image = i;
    }
  }
  CheckNamesDiffer(tensors);
  CheckExtents(payloads, tensors, parts.files);
  CheckAliasesAgree(tensors, payloads);
  return std::make_unique<Hdf5Checkpoint>(std::move(parts), std::move(tensors), std::move(payloads),
                                          std::move(storage), context);
}

}  // namespace polyak::hdf5
