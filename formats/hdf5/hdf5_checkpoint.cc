// An HDF5 file, or several, as a checkpoint.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "formats/hdf5/chunk_reader.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/hdf5_output.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/run_helper.h"
#include "formats/hdf5/special_storage.h"
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
class AliasCheck {
 public:
  AliasCheck(std::span<const TensorInfo> tensors, std::span<const TensorStorage> storage)
      : tensors_(tensors), storage_(storage) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const TensorStorage& its = storage[i];
      if (its.special != nullptr) {
        CheckSame(first_of_.emplace(std::pair(its.image, its.object_address), i).first->second, i);
      } else if (!its.payload.runs.empty()) {
        const PayloadRun& run = its.payload.runs[0];
        CheckSame(first_at_.emplace(std::pair(run.file, run.offset), i).first->second, i);
      }
    }
  }

 private:
  using Places = std::map<std::pair<std::uint32_t, std::uint64_t>, std::size_t>;

  void CheckSame(std::size_t first, std::size_t second) const {
    if (tensors_[first].dtype == tensors_[second].dtype &&
        tensors_[first].shape == tensors_[second].shape &&
        storage_[first].special == storage_[second].special &&
        storage_[first].payload.swapped_bytes == storage_[second].payload.swapped_bytes) {
      return;
    }
    Error error(
        ErrorKind::kCorrupt,
        fmt::format("its data is also that of '{}', which is another array", tensors_[first].name));
    error.AddContext(tensors_[second].name);
    throw error;
  }

  std::span<const TensorInfo> tensors_;
  std::span<const TensorStorage> storage_;
  Places first_at_;  // by file and offset of the bytes
  Places first_of_;  // by image and object address
};

bool IsChunked(const TensorStorage& storage) {
  return storage.special != nullptr && storage.special->kind == SpecialStorage::Kind::kChunked;
}

// The record that an earlier run left in an image, in one attribute or in several.
std::string RecordIn(const ImageContents& contents) {
  std::string record;
  for (std::size_t part = 0;; ++part) {
    const std::string name = part == 0 ? "polyak" : fmt::format("polyak{}", part);
    const auto found = std::ranges::find_if(contents.attributes, [&](const TextAttribute& text) {
      return text.object.empty() && text.name == name && text.values.size() == 1;
    });
    if (found == contents.attributes.end()) return record;
    record += found->values[0];
    if (found->values[0].size() < kLeastBytesOfFullPart) return record;
  }
}

class Hdf5Checkpoint final : public ExtentCheckpoint {
 public:
  Hdf5Checkpoint(CheckpointParts parts, std::vector<TensorInfo> tensors,
                 std::vector<Payload> payloads, std::vector<TensorStorage> storage,
                 OpenContext& context)
      : ExtentCheckpoint(std::move(parts.files), std::move(tensors), std::move(payloads),
                         std::move(parts.notes)),
        user_files_(parts.user_files.value_or(all_files().size())),
        storage_(std::move(storage)),
        images_(std::move(parts.images)),
        container_(std::move(parts.container)),
        helper_{context.hdf5_helper, context.helper_memory_bytes},
        has_chunks_(std::ranges::any_of(storage_, IsChunked)),
        reader_({all_files(), *this, storage_, images_},
                has_chunks_ ? ChunkCache::Of(context) : nullptr,
                has_chunks_ ? CodecHelper::Of(context) : nullptr) {
    reader_.Charge(context);
  }

 private:
  bool IsSpecial(std::size_t tensor) const { return storage_[tensor].special != nullptr; }

  void DoRead(std::size_t tensor, const Box& box, std::span<std::byte> elements) const override {
    if (IsSpecial(tensor)) return reader_.Read(tensor, box, elements);
    ReadExtents(tensor, box, elements);
  }

  bool IsAsStored(std::size_t tensor) const override { return !IsSpecial(tensor); }

  void DoReadStored(std::size_t tensor, std::uint64_t offset,
                    std::span<std::byte> bytes) const override {
    if (IsSpecial(tensor)) return reader_.ReadStored(tensor, offset, bytes);
    ExtentCheckpoint::DoReadStored(tensor, offset, bytes);
  }

  std::optional<Tiles> DoChunksOf(std::size_t tensor) const override {
    if (!IsChunked(storage_[tensor])) return std::nullopt;
    const ChunkedStorage& chunked = storage_[tensor].special->chunked;
    return Tiles::Grid(chunked.shape, chunked.chunk_shape);
  }

  WorkNeeds DoNeedsOf(std::span<const std::size_t> tensors) const override {
    return reader_.NeedsOf(tensors);
  }

  std::uint64_t DoFileBytes() const override {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < user_files_; ++i) bytes += all_files()[i]->size();
    return bytes;
  }

  std::vector<FileIdentity> DoFiles() const override {
    std::vector<FileIdentity> files;
    for (std::size_t i = 0; i < user_files_; ++i) files.push_back(all_files()[i]->identity());
    return files;
  }

  void DoCheckUnchanged() const override {
    ExtentCheckpoint::DoCheckUnchanged();
    container_->CheckContent(all_files());
  }

  // Objects have places as payloads have: the first bit tells them apart.
  std::uint64_t DoPayloadId(std::size_t tensor) const override {
    if (!IsSpecial(tensor)) return ExtentCheckpoint::DoPayloadId(tensor);
    const Image& image = images_[storage_[tensor].image];
    return std::uint64_t{1} << 63 |
           (BytesBefore(image.file) + image.offset + storage_[tensor].object_address);
  }

  std::uint64_t DoOutputMemoryBytes(const OutputRequest& request) const override {
    return Hdf5Output::MemoryBytes(storage_, request.replaced);
  }

  std::uint64_t DoCommitMemoryBytes(const OutputRequest& request) const override {
    return HelperBytes(helper_.memory_bytes) +
           Hdf5Output::CommitMemoryBytes(tensors(), storage_, request.replaced);
  }

  std::vector<std::filesystem::path> DoDataFilesOf(const OutputRequest& request) const override {
    return container_->DataFilesOf(request);
  }

  std::unique_ptr<Output> DoBeginOutput(const OutputRequest& request) const override {
    reader_.KeepWholeChunks();
    const OutputTemplate source{all_files(), tensors(), storage_, images_,
                                *container_, reader_,   helper_};
    return std::make_unique<Hdf5Output>(source, request);
  }

  std::size_t user_files_;
  std::vector<TensorStorage> storage_;
  std::vector<Image> images_;
  std::shared_ptr<const Container> container_;
  HelperSettings helper_;
  bool has_chunks_;
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
  if (const auto image = parts.container->RecordImage()) {
    parts.notes.provenance = RecordIn(parts.contents[*image]);
  }
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
  CheckChunks(storage, tensors, parts.images);
  AliasCheck(tensors, storage);
  return std::make_unique<Hdf5Checkpoint>(std::move(parts), std::move(tensors), std::move(payloads),
                                          std::move(storage), context);
}

}  // namespace polyak::hdf5
