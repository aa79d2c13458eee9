#include "formats/hdf5/index_builder.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/failure.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/special_storage.h"

namespace polyak::hdf5 {
namespace {

// No way of storing a link to a dataset takes less.
constexpr std::uint64_t kLeastBytesOfLink = 8;
// Its place, and once more while they are compared.
constexpr std::uint64_t kBytesOfChunk = 2 * sizeof(ChunkPlace);
constexpr std::uint64_t kBytesOfText = 64;  // besides its characters

bool IsEmpty(const wire::Reply& reply) {
  return reply.datasets().empty() && !reply.has_chunks() && reply.values().empty() &&
         reply.attributes().empty();
}

std::uint64_t BytesOf(const SpecialStorage& special) {
  return sizeof(SpecialStorage) + special.fill.size() + special.chunked.filters.size() * 64 +
         4 * sizeof(std::uint64_t) * special.chunked.shape.size();
}

}  // namespace

IndexBuilder::IndexBuilder(const Image& image, IndexBudget& budget)
    : image_(image), budget_(budget), storage_(std::make_shared<StorageList>()) {}

void IndexBuilder::Add(const wire::Reply& reply) {
  if (reply.has_failure()) throw ErrorOf(reply.failure());
  // Or an answer could go on for ever and say nothing.
  if (IsEmpty(reply) && !reply.done()) {
    throw Error(ErrorKind::kCorrupt, "a part of its index is empty");
  }
  AddToOpen(reply);
  for (const wire::Dataset& dataset : reply.datasets()) AddDataset(dataset);
  for (const wire::Attribute& attribute : reply.attributes()) AddAttribute(attribute);
  if (reply.done()) CloseOpen();
}

void IndexBuilder::AddToOpen(const wire::Reply& reply) {
  if (!reply.has_chunks() && reply.values().empty()) return;
  if (!open_) throw Error(ErrorKind::kCorrupt, "its index has chunks or values of nothing");
  DatasetTensor& tensor = open_->tensor;
  try {
    if (!reply.values().empty()) {
      open_->is_kept = budget_.Charge(reply.values().size()) && open_->is_kept;
      SetValues(reply.values(), tensor);
    }
    if (reply.has_chunks()) AddChunks(reply.chunks(), image_, open_->is_kept, tensor);
  } catch (Error& error) {
    error.AddContext(tensor.info.name);
    throw;
  }
}

void IndexBuilder::AddDataset(const wire::Dataset& dataset) {
  CloseOpen();
  if (++datasets_ > image_.bytes / kLeastBytesOfLink) {
    throw Error(ErrorKind::kCorrupt, "it names more datasets than the file has room for");
  }
  DatasetTensor tensor = TranslateDataset(dataset, image_);
  CheckChunkCount(tensor);
  std::uint64_t bytes = tensor.info.index_bytes();
  if (tensor.special != nullptr) {
    bytes += BytesOf(*tensor.special) + tensor.chunks_to_come * kBytesOfChunk;
  }
  const bool is_kept = budget_.Charge(bytes);
  if (is_kept && tensor.special != nullptr) {
    tensor.special->chunked.chunks.reserve(tensor.chunks_to_come);
  }
  open_ = Open{std::move(tensor), is_kept};
}

// A chunk takes a byte at least, and where too few of the places have one they aren't listed.
void IndexBuilder::CheckChunkCount(const DatasetTensor& tensor) const {
  const std::uint64_t count = tensor.chunks_to_come;
  if (count <= kFreePlaces || count / kPlacesPerChunk <= image_.bytes) return;
  Error error(ErrorKind::kCorrupt, "it has more chunks than the file has room for");
  error.AddContext(tensor.info.name);
  throw error;
}

void IndexBuilder::CloseOpen() {
  if (!open_) return;
  auto [tensor, is_kept] = std::move(*open_);
  open_.reset();
  try {
    if (tensor.special != nullptr) {
      FinishSpecial(tensor);
      if (is_kept) ShareSpecial(tensor);
    }
  } catch (Error& error) {
    error.AddContext(tensor.info.name);
    throw;
  }
  if (!is_kept) return;
  contents_.tensors.push_back(std::move(tensor.info));
  storage_->tensors.push_back(std::move(tensor.storage));
}

void IndexBuilder::ShareSpecial(DatasetTensor& tensor) {
  std::shared_ptr<const SpecialStorage>& special = tensor.storage.special;
  const auto [first, is_new] = specials_.emplace(tensor.storage.object_address, special);
  if (is_new) return;
  if (!(*first->second == *special)) {
    throw Error(ErrorKind::kCorrupt, "it is stored otherwise than under its other name");
  }
  budget_.Release(special->chunked.chunks.size() * kBytesOfChunk + special->values.size());
  special = first->second;
}

void IndexBuilder::AddAttribute(const wire::Attribute& attribute) {
  std::uint64_t bytes = kBytesOfText + attribute.object().size() + attribute.name().size();
  for (const std::string& value : attribute.values()) bytes += kBytesOfText + value.size();
  const bool is_kept = budget_.Charge(bytes);
  if (!attribute.continues()) {
    if (!is_kept) return;
    contents_.attributes.push_back({attribute.object(),
                                    attribute.name(),
                                    {attribute.values().begin(), attribute.values().end()}});
    return;
  }
  if (contents_.attributes.empty() || contents_.attributes.back().values.empty()) {
    if (!is_kept) return;  // what it continues may have been left out
    throw Error(ErrorKind::kCorrupt, "an attribute goes on that hasn't begun");
  }
  if (!is_kept) return;
  std::vector<std::string>& values = contents_.attributes.back().values;
  for (int i = 0; i < attribute.values_size(); ++i) {
    if (i == 0) {
      values.back() += attribute.values(i);
    } else {
      values.push_back(attribute.values(i));
    }
  }
}

ImageContents IndexBuilder::Build() && {
  CloseOpen();
  budget_.CheckFits();
  contents_.storage = std::move(storage_);
  return std::move(contents_);
}

}  // namespace polyak::hdf5
