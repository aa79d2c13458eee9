#include "formats/hdf5/special_storage.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/checked.h"
#include "core/error.h"
#include "formats/hdf5/chunk_coding.h"
#include "formats/hdf5/filter_names.h"

namespace polyak::hdf5 {
namespace {

using Kind = SpecialStorage::Kind;

constexpr std::size_t kMostFilters = 32;  // H5Z_MAX_NFILTERS: as many as a mask has bits

[[noreturn]] void ThrowCorrupt(std::string text) {
  throw Error(ErrorKind::kCorrupt, std::move(text));
}

std::vector<std::byte> BytesOf(std::span<const char> text) {
  const auto bytes = std::as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

void SetFill(const wire::Dataset& dataset, const DatasetTensor& tensor, SpecialStorage& special) {
  if (!dataset.has_fill_value()) return;
  if (dataset.fill_value().size() != tensor.info.element_bytes) {
    ThrowCorrupt(fmt::format("its fill value has the wrong size (found {} bytes, expected {})",
                             dataset.fill_value().size(), tensor.info.element_bytes));
  }
  special.fill = BytesOf(dataset.fill_value());
}

std::vector<Filter> FiltersOf(const wire::Dataset& dataset) {
  if (static_cast<std::size_t>(dataset.filters_size()) > kMostFilters) {
    ThrowCorrupt(
        fmt::format("it has {} filters, more than {}", dataset.filters_size(), kMostFilters));
  }
  std::vector<Filter> filters;
  for (const wire::Filter& filter : dataset.filters()) {
    filters.push_back({.number = filter.number(),
                       .is_optional = filter.is_optional(),
                       .values = {filter.values().begin(), filter.values().end()}});
  }
  return filters;
}

// How many bytes a chunk's elements take. HDF5 has no chunks of 4 GiB.
std::uint64_t ChunkBytes(std::span<const std::uint64_t> chunk_shape, std::uint32_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const std::uint64_t dimension : chunk_shape) {
    const auto product = CheckedMultiply(bytes, dimension);
    if (dimension == 0 || !product || *product > std::numeric_limits<std::uint32_t>::max()) {
      ThrowCorrupt("its chunks can't have that size");
    }
    bytes = *product;
  }
  return bytes;
}

std::uint64_t PlacesFor(const ChunkedStorage& chunked) {
  std::uint64_t places = 1;  // no more than there are elements
  for (std::size_t d = 0; d < chunked.shape.size(); ++d) {
    if (chunked.chunk_shape[d] == 0) ThrowCorrupt("its chunks can't have that size");
    places *= (chunked.shape[d] - 1) / chunked.chunk_shape[d] + 1;
  }
  return places;
}

void BeginChunked(const wire::Dataset& dataset, DatasetTensor& tensor) {
  tensor.special->kind = Kind::kChunked;
  ChunkedStorage& chunked = tensor.special->chunked;
  chunked.shape = tensor.info.shape;
  chunked.chunk_shape.assign(dataset.chunk_dims().begin(), dataset.chunk_dims().end());
  if (chunked.chunk_shape.size() != chunked.shape.size() || chunked.shape.empty()) {
    ThrowCorrupt("its chunks have another number of dimensions");
  }
  if (tensor.info.unreadable.empty()) {
    chunked.chunk_bytes = ChunkBytes(chunked.chunk_shape, tensor.info.element_bytes);
  }
  chunked.filters = FiltersOf(dataset);
  const std::uint64_t places = PlacesFor(chunked);
  if (dataset.has_chunk_list()) {
    tensor.chunks_to_come = places;
  } else if (tensor.info.unreadable.empty()) {
    tensor.info.unreadable =
        fmt::format("it has places for {} chunks, far too many for those that are there", places);
  }
}

// Of a chunk that was written.
void CheckPlace(const ChunkedStorage& chunked, const ChunkPlace& place, const Image& image) {
  if (place.offset > image.bytes || place.bytes > image.bytes - place.offset) {
    ThrowCorrupt(fmt::format("a chunk lies outside the file (found {} bytes at {}, of {})",
                             place.bytes, place.offset, image.bytes));
  }
  if (chunked.chunk_bytes == 0) return;  // of elements that can't be read: it isn't known
  if (!WhyNotCodable(chunked.filters).empty()) return;  // who knows how much such a filter adds
  const bool is_plain = place.mask == MaskOfAll(chunked.filters.size());
  const std::uint64_t most =
      is_plain ? chunked.chunk_bytes : MostStoredBytes(chunked.filters, chunked.chunk_bytes);
  if (place.bytes > most || (is_plain && place.bytes != most)) {
    ThrowCorrupt(fmt::format("a chunk has the wrong size (found {} bytes, expected {}{})",
                             place.bytes, is_plain ? "" : "at most ", most));
  }
}

// A chunk, for sorting them: there may be millions.
struct PlacedChunk {
  std::uint64_t offset;
  std::uint32_t bytes;
  std::uint32_t tensor;

  std::uint64_t end() const noexcept { return offset + bytes; }
};

class ChunksOfFile {
 public:
  ChunksOfFile(std::span<const TensorStorage> storage, std::span<const TensorInfo> tensors,
               std::span<const Image> images, std::uint32_t file)
      : tensors_(tensors) {
    std::unordered_set<const SpecialStorage*> seen;
    for (std::size_t i = 0; i < storage.size(); ++i) {
      if (images[storage[i].image].file != file) continue;
      const SpecialStorage* special = storage[i].special.get();
      if (special == nullptr || !seen.insert(special).second) continue;
      for (const ChunkPlace& chunk : special->chunked.chunks) {
        if (chunk.bytes == 0) continue;
        chunks_.push_back({chunk.offset, chunk.bytes, static_cast<std::uint32_t>(i)});
      }
    }
    std::ranges::sort(chunks_, {}, &PlacedChunk::offset);
  }

  void CheckApart() const {
    for (std::size_t i = 1; i < chunks_.size(); ++i) {
      if (chunks_[i].offset < chunks_[i - 1].end()) {
        Fail(chunks_[i].tensor, chunks_[i - 1].tensor);
      }
    }
  }

  void CheckApartFrom(const Extent& run, std::size_t tensor) const {
    const auto next = std::ranges::lower_bound(chunks_, run.offset, {}, &PlacedChunk::offset);
    if (next != chunks_.end() && next->offset < run.end()) Fail(next->tensor, tensor);
    if (next != chunks_.begin() && std::prev(next)->end() > run.offset) {
      Fail(std::prev(next)->tensor, tensor);
    }
  }

 private:
  [[noreturn]] void Fail(std::size_t tensor, std::size_t other) const {
    Error error(ErrorKind::kCorrupt, tensor == other ? "its chunks overlap"
                                                     : fmt::format("its data overlaps that of {}",
                                                                   tensors_[other].name));
    error.AddContext(tensors_[tensor].name);
    throw error;
  }

  std::span<const TensorInfo> tensors_;
  std::vector<PlacedChunk> chunks_;
};

}  // namespace

void BeginSpecial(const wire::Dataset& dataset, DatasetTensor& tensor) {
  tensor.special = std::make_shared<SpecialStorage>();
  SetFill(dataset, tensor, *tensor.special);
  switch (dataset.layout()) {
    case wire::Dataset::CHUNKED: return BeginChunked(dataset, tensor);
    case wire::Dataset::COMPACT:
      tensor.special->kind = Kind::kCompact;
      tensor.values_to_come = true;
      return;
    default:
      tensor.special->kind = Kind::kUnwritten;
      if (tensor.special->fill.empty()) {
        tensor.info.unreadable = "never written, and without a fill value";
      }
  }
}

void AddChunks(const wire::Chunks& chunks, const Image& image, bool keep, DatasetTensor& tensor) {
  const auto count = static_cast<std::size_t>(chunks.offsets_size());
  if (chunks.bytes_size() != chunks.offsets_size() ||
      chunks.masks_size() != chunks.offsets_size() || count == 0) {
    ThrowCorrupt("the list of its chunks makes no sense");
  }
  if (count > tensor.chunks_to_come) ThrowCorrupt("it has more chunks than places for them");
  ChunkedStorage& chunked = tensor.special->chunked;
  const std::uint32_t mask_of_all = MaskOfAll(chunked.filters.size());
  for (int i = 0; i < chunks.offsets_size(); ++i) {
    // A chunk that is never filtered comes with all bits.
    ChunkPlace place{chunks.offsets(i), chunks.bytes(i), chunks.masks(i) & mask_of_all};
    if (place.bytes == 0) {
      place = {};
    } else {
      CheckPlace(chunked, place, image);
      place.offset += image.offset;
      tensor.info.stored_bytes += place.bytes;
    }
    if (keep) chunked.chunks.push_back(place);
  }
  tensor.chunks_to_come -= count;
}

void SetValues(std::span<const char> values, DatasetTensor& tensor) {
  if (!tensor.values_to_come) ThrowCorrupt("it has values where there should be none");
  if (values.size() != tensor.info.bytes()) {
    ThrowCorrupt(fmt::format("its values have the wrong size (found {} bytes, expected {})",
                             values.size(), tensor.info.bytes()));
  }
  tensor.special->values = BytesOf(values);
  tensor.info.stored_bytes = values.size();
  tensor.values_to_come = false;
}

void FinishSpecial(DatasetTensor& tensor) {
  if (tensor.chunks_to_come > 0) ThrowCorrupt("the list of its chunks is not complete");
  if (tensor.values_to_come) ThrowCorrupt("its values are missing");
  const SpecialStorage& special = *tensor.special;
  // Bytes that say nothing without others aren't worth comparing.
  if (!tensor.info.unreadable.empty()) tensor.info.stored_bytes = 0;
  if (special.kind == Kind::kChunked && tensor.info.unreadable.empty()) {
    tensor.info.unreadable = WhyNotCodable(special.chunked.filters);
    const bool has_gaps =
        std::ranges::any_of(special.chunked.chunks, [](const auto& c) { return c.bytes == 0; });
    if (tensor.info.unreadable.empty() && has_gaps && special.fill.empty()) {
      tensor.info.unreadable = "a part of it was never written, and it has no fill value";
    }
  }
  tensor.storage.special = std::move(tensor.special);
}

void CheckChunks(std::span<const TensorStorage> storage, std::span<const TensorInfo> tensors,
                 std::span<const Image> images) {
  std::vector<std::uint32_t> files;
  for (const Image& image : images) files.push_back(image.file);
  std::ranges::sort(files);
  files.erase(std::unique(files.begin(), files.end()), files.end());
  for (const std::uint32_t file : files) {
    const ChunksOfFile chunks(storage, tensors, images, file);
    chunks.CheckApart();
    for (std::size_t i = 0; i < storage.size(); ++i) {
      for (const PayloadRun& run : storage[i].payload.runs) {
        if (run.file == file) chunks.CheckApartFrom(run.span(), i);
      }
    }
  }
}

}  // namespace polyak::hdf5
