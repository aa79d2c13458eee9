#include "formats/hdf5/special_payloads.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/chunk_reader.h"

namespace polyak::hdf5 {
namespace {

using Kind = SpecialStorage::Kind;

// The number of the chunk that a tile is: tiles are the chunks, cut off at the tensor's edges.
std::uint64_t ChunkNumber(const ChunkedStorage& chunked, const Box& box) {
  std::uint64_t number = 0;
  for (std::size_t d = 0; d < chunked.shape.size(); ++d) {
    const std::uint64_t chunk = chunked.chunk_shape[d];
    number = number * ((chunked.shape[d] + chunk - 1) / chunk) + box.start[d] / chunk;
  }
  return number;
}

// Puts a tile's elements into its chunk. True where any of them was another one.
bool Overlay(const ChunkedStorage& chunked, const Box& box, std::span<const std::byte> elements,
             std::size_t element_bytes, std::span<std::byte> chunk) {
  const Box inside{Coordinates(box.count.size(), 0), box.count};
  bool is_other = false;
  ForEachRun(chunked.chunk_shape, inside, [&](std::uint64_t first, std::uint64_t count) {
    const std::span<std::byte> row = chunk.subspan(first * element_bytes, count * element_bytes);
    is_other = is_other || std::memcmp(row.data(), elements.data(), row.size()) != 0;
    std::memcpy(row.data(), elements.data(), row.size());
    elements = elements.subspan(row.size());
  });
  return is_other;
}

void Repeat(std::span<const std::byte> element, std::span<std::byte> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += element.size()) {
    std::memcpy(bytes.data() + at, element.data(), element.size());
  }
}

bool IsRepeated(std::span<const std::byte> element, std::span<const std::byte> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += element.size()) {
    if (std::memcmp(bytes.data() + at, element.data(), element.size()) != 0) return false;
  }
  return true;
}

bool Covers(const Box& box, const ChunkedStorage& chunked) {
  return std::ranges::equal(box.count.span(), chunked.chunk_shape);
}

// The elements in the file's byte order: themselves, or a copy in this thread's buffer.
std::span<const std::byte> InFileOrder(std::span<const std::byte> elements,
                                       std::uint32_t swapped_bytes) {
  if (swapped_bytes <= 1) return elements;
  static thread_local std::vector<std::byte> swapped;
  swapped.assign(elements.begin(), elements.end());
  SwapBytes(swapped, swapped_bytes);
  return swapped;
}

}  // namespace

SpecialPayloads::SpecialPayloads(const OutputTemplate& source, std::span<const std::size_t> tensors,
                                 const std::filesystem::path& output)
    : source_(source), spill_(output) {
  for (const std::size_t tensor : tensors) {
    Special& special = specials_.emplace_back();
    special.tensor = tensor;
    special.storage = &source_.storage[tensor];
    const SpecialStorage& storage = *special.storage->special;
    special.chunks.resize(storage.chunked.chunks.size());
    if (storage.kind == Kind::kCompact) special.values = storage.values;
    if (storage.kind == Kind::kUnwritten) {
      special.spilled_at = end_;
      end_ += source_.tensors[tensor].bytes();
    }
    expected_bytes_ += source_.tensors[tensor].bytes();
  }
}

bool SpecialPayloads::Has(std::size_t tensor) const noexcept {
  const std::size_t at = Find(tensor);
  return at < specials_.size() && specials_[at].tensor == tensor;
}

std::size_t SpecialPayloads::Find(std::size_t tensor) const noexcept {
  const auto found = std::ranges::lower_bound(specials_, tensor, {}, &Special::tensor);
  return static_cast<std::size_t>(found - specials_.begin());
}

Tiles SpecialPayloads::TilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const {
  const SpecialStorage& storage = *specials_[Find(tensor)].storage->special;
  const TensorInfo& info = source_.tensors[tensor];
  if (storage.kind == Kind::kChunked) return Tiles::Grid(info.shape, storage.chunked.chunk_shape);
  return Tiles::Ranges(info.elements,
                       std::max<std::uint64_t>(1, bytes_wanted / info.element_bytes));
}

void SpecialPayloads::Write(std::size_t tensor, const Box& box, std::span<const std::byte> elements,
                            const WriteInPlace& write_in_place) {
  Special& special = specials_[Find(tensor)];
  const auto stored = InFileOrder(elements, special.storage->payload.swapped_bytes);
  const std::uint32_t element_bytes = source_.tensors[tensor].element_bytes;
  switch (special.storage->special->kind) {
    case Kind::kChunked: WriteChunk(special, box, stored, write_in_place); break;
    case Kind::kCompact:
      std::ranges::copy(stored, special.values.begin() +
                                    static_cast<std::ptrdiff_t>(box.start[0] * element_bytes));
      break;
    case Kind::kUnwritten:
      spill_.WriteAt(special.spilled_at + box.start[0] * element_bytes, stored);
      if (!IsRepeated(special.storage->special->fill, stored)) special.is_other = true;
      break;
  }
  written_bytes_ += elements.size();
}

// What reaches over the tensor's edge stays as it is.
void SpecialPayloads::WriteChunk(Special& special, const Box& box,
                                 std::span<const std::byte> elements,
                                 const WriteInPlace& write_in_place) {
  const SpecialStorage& storage = *special.storage->special;
  const ChunkedStorage& chunked = storage.chunked;
  const std::uint64_t number = ChunkNumber(chunked, box);
  const ChunkPlace& place = chunked.chunks[number];
  const std::uint32_t file = source_.images[special.storage->image].file;
  const bool stays = chunked.filters.empty() && place.bytes > 0;
  if (stays && Covers(box, chunked)) return write_in_place(file, place.offset, elements);

  static thread_local std::vector<std::byte> chunk;
  chunk.resize(chunked.chunk_bytes);
  if (place.bytes > 0) {
    std::ranges::copy(source_.reader.WholeChunk(special.tensor, number), chunk.begin());
  } else {
    Repeat(storage.fill, chunk);
  }
  const bool is_other =
      Overlay(chunked, box, elements, source_.tensors[special.tensor].element_bytes, chunk);
  if (stays) return write_in_place(file, place.offset, chunk);
  if (!is_other) return;
  const CodedChunk coded = source_.reader.Encode(special.tensor, chunk);
  const std::uint64_t at = end_.fetch_add(coded.bytes.size());
  spill_.WriteAt(at, coded.bytes);
  special.chunks[number] = {at, static_cast<std::uint32_t>(coded.bytes.size()), coded.mask};
}

void SpecialPayloads::CheckComplete() const {
  if (written_bytes_ == expected_bytes_) return;
  throw Error(ErrorKind::kSystem, "the output is incomplete (found " +
                                      std::to_string(written_bytes_) + " bytes, expected " +
                                      std::to_string(expected_bytes_) + ")");
}

ImageWork SpecialPayloads::WorkFor(std::uint32_t image) {
  ImageWork work;
  spilled_ = spill_.AsInput();
  for (const Special& special : specials_) {
    const TensorStorage& storage = *special.storage;
    if (storage.image != image) continue;
    switch (storage.special->kind) {
      case Kind::kChunked: PlanChunks(special, work); break;
      case Kind::kCompact:
        if (special.values == storage.special->values) break;
        work.changes.compact.push_back({storage.object_address, special.values});
        break;
      case Kind::kUnwritten: {
        if (!special.is_other) break;
        const std::uint64_t bytes = source_.tensors[special.tensor].bytes();
        work.changes.allocated.push_back({storage.object_address, bytes});
        work.allocated.push_back({spilled_.get(), special.spilled_at, bytes, 0});
        break;
      }
    }
  }
  return work;
}

// Chunks that differ in size, or are new, get new places; with filters all of their dataset do, so
// that they can use one another's room.
void SpecialPayloads::PlanChunks(const Special& special, ImageWork& work) const {
  const TensorStorage& storage = *special.storage;
  const ChunkedStorage& chunked = storage.special->chunked;
  const Image& image = source_.images[storage.image];
  bool must_move = false;
  for (std::size_t i = 0; i < special.chunks.size(); ++i) {
    const EncodedPlace& encoded = special.chunks[i];
    const ChunkPlace& place = chunked.chunks[i];
    must_move = must_move ||
                (encoded.bytes > 0 && (encoded.bytes != place.bytes || encoded.mask != place.mask));
  }
  const bool takes_all = must_move && !chunked.filters.empty();
  ChunkedChange change{storage.object_address, takes_all, {}};
  for (std::size_t i = 0; i < special.chunks.size(); ++i) {
    const EncodedPlace& encoded = special.chunks[i];
    const ChunkPlace& place = chunked.chunks[i];
    const bool is_new = encoded.bytes > 0;
    if (!is_new && (!takes_all || place.bytes == 0)) continue;
    const ImagePiece piece =
        is_new ? ImagePiece{spilled_.get(), encoded.spilled_at, encoded.bytes, 0}
               : ImagePiece{source_.files[image.file].get(), place.offset, place.bytes, 0};
    if (must_move) {
      change.chunks.push_back(
          {i, static_cast<std::uint32_t>(piece.bytes), is_new ? encoded.mask : place.mask});
      work.chunks.push_back(piece);
    } else {
      work.in_place.push_back(piece);
      work.in_place.back().offset = place.offset - image.offset;
    }
  }
  if (must_move) work.changes.chunked.push_back(std::move(change));
}

}  // namespace polyak::hdf5
