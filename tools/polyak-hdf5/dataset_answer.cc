#include "dataset_answer.h"

#include <algorithm>
#include <optional>

#include "attribute_texts.h"
#include "chunk_grid.h"
#include "chunk_list.h"
#include "describe.h"
#include "formats/hdf5/protocol.h"
#include "library.h"

namespace polyak::hdf5 {
namespace {

// What one chunk takes in a message at most: three numbers.
constexpr std::size_t kBytesOfChunkMessage = 20;
constexpr std::size_t kChunksAtOnce = kMaxPacketBytes / 4 / kBytesOfChunkMessage;
// A compact dataset is smaller; an element's type says its size, whatever it is.
constexpr std::size_t kMostBytesOfValues = std::size_t{64} << 10;
constexpr std::size_t kMostBytesOfFillValue = std::size_t{16} << 10;

bool HasFixedSize(const wire::Dataset& dataset) {
  switch (dataset.type().class_()) {
    case wire::ElementType::VARIABLE_STRING:
    case wire::ElementType::VARIABLE_LENGTH:
    case wire::ElementType::REFERENCE: return false;
    default: return true;
  }
}

bool HasElements(const wire::Dataset& dataset) {
  return !dataset.is_null() &&
         std::ranges::all_of(dataset.dims(), [](std::uint64_t dim) { return dim != 0; });
}

std::optional<std::string> FillValue(hid_t dataset, const wire::Dataset& described) {
  if (!HasFixedSize(described) || described.type().bytes() > kMostBytesOfFillValue) return {};
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  H5D_fill_value_t defined = H5D_FILL_VALUE_ERROR;
  Checked(H5Pfill_value_defined(creation.id(), &defined));
  H5D_fill_time_t time = H5D_FILL_TIME_ERROR;
  Checked(H5Pget_fill_time(creation.id(), &time));
  // Read, a dataset that is never filled leaves the reader's memory as it was.
  if (defined == H5D_FILL_VALUE_UNDEFINED || time == H5D_FILL_TIME_NEVER) return {};
  const Handle type(H5Dget_type(dataset), H5Tclose);
  std::string value(described.type().bytes(), '\0');
  Checked(H5Pget_fill_value(creation.id(), type.id(), value.data()));
  return value;
}

void SetFillValue(hid_t dataset, wire::Dataset& described) {
  if (const auto value = FillValue(dataset, described)) described.set_fill_value(*value);
}

bool IsBFloat16(hid_t dataset, const wire::Dataset& described) {
  if (described.type().class_() != wire::ElementType::OPAQUE || described.type().bytes() != 2) {
    return false;
  }
  const Handle type(H5Dget_type(dataset), H5Tclose);
  if (H5Tget_class(type.id()) != H5T_OPAQUE) return false;
  const std::optional<AttributeTexts> texts = ReadTexts(dataset, "dtype");
  return texts && texts->values.size() == 1 && texts->values[0] == "bfloat16";
}

void SendDataset(wire::Dataset&& dataset, Answer& answer) {
  *answer.ReplyWith(dataset.ByteSizeLong()).add_datasets() = std::move(dataset);
}

void SendChunks(const ChunkList& list, Answer& answer, DataPlaces& data) {
  answer.Flush();  // the dataset: chunks belong to the last one sent before
  wire::Chunks part;
  const auto send = [&] {
    if (part.offsets().empty()) return;
    *answer.ReplyWith(kMaxPacketBytes / 4).mutable_chunks() = std::move(part);
    answer.Flush();
    part = wire::Chunks();
  };
  list.ForEach([&](const StoredChunk& chunk) {
    data.Add(chunk.offset, chunk.bytes);
    part.add_offsets(chunk.offset);
    part.add_bytes(chunk.bytes);
    part.add_masks(chunk.mask);
    if (static_cast<std::size_t>(part.offsets_size()) == kChunksAtOnce) send();
  });
  send();
}

void AnswerChunked(hid_t dataset, wire::Dataset& described, Answer& answer, DataPlaces& data) {
  const ChunkGrid grid(described);
  const ChunkList list(dataset, grid);
  const std::uint64_t chunks = HasElements(described) ? list.Count() : 0;
  if (chunks > grid.places()) {
    throw Failure(wire::Failure::DAMAGED, "it has more chunks than there are places for them");
  }
  const bool is_listed = grid.places() <= kFreePlaces || grid.places() / kPlacesPerChunk <= chunks;
  described.set_has_chunk_list(is_listed);
  if (chunks < grid.places()) SetFillValue(dataset, described);
  SendDataset(std::move(described), answer);
  if (is_listed && grid.places() != 0) SendChunks(list, answer, data);
}

void SendValues(hid_t dataset, const wire::Dataset& described, Answer& answer) {
  const Handle space(H5Dget_space(dataset), H5Sclose);
  const auto elements =
      static_cast<std::uint64_t>(Checked(H5Sget_simple_extent_npoints(space.id())));
  const std::uint64_t element_bytes = described.type().bytes();
  if (element_bytes == 0 || elements > kMostBytesOfValues / element_bytes) {
    throw Failure(wire::Failure::DAMAGED, "it is compact, and too large for that");
  }
  const Handle type(H5Dget_type(dataset), H5Tclose);
  std::string values(elements * element_bytes, '\0');
  Checked(H5Dread(dataset, type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  answer.Flush();
  *answer.ReplyWith(values.size()).mutable_values() = std::move(values);
  answer.Flush();
}

}  // namespace

void AnswerDataset(hid_t dataset, const std::string& path, haddr_t address, Answer& answer,
                   DataPlaces& data, KnownHeaders& headers) {
  wire::Dataset described = Describe(dataset, path, address);
  described.set_is_bfloat16(IsBFloat16(dataset, described));
  headers.Learn(described);
  data.Begin(path);
  if (described.layout() == wire::Dataset::CHUNKED) {
    return AnswerChunked(dataset, described, answer, data);
  }
  const bool has_values = described.layout() == wire::Dataset::COMPACT && HasElements(described) &&
                          HasFixedSize(described);
  if (described.has_offset()) data.Add(described.offset(), described.storage_bytes());
  if (described.layout() == wire::Dataset::CONTIGUOUS && !described.has_offset() &&
      HasElements(described)) {
    SetFillValue(dataset, described);
  }
  SendDataset(wire::Dataset(described), answer);
  if (has_values) SendValues(dataset, described, answer);
}

void AnswerKnown(wire::Dataset&& described, Answer& answer, DataPlaces& data) {
  data.Begin(described.path());
  data.Add(described.offset(), described.storage_bytes());
  SendDataset(std::move(described), answer);
}

}  // namespace polyak::hdf5
