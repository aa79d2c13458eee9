#include "core/checkpoint.h"

#include <cassert>
#include <utility>

#include "core/error.h"

namespace polyak {

Checkpoint::Checkpoint(std::filesystem::path path, std::vector<TensorInfo> tensors,
                       CheckpointNotes notes)
    : Checkpoint(std::move(path),
                 std::make_shared<const std::vector<TensorInfo>>(std::move(tensors)),
                 std::move(notes)) {}

Checkpoint::Checkpoint(std::filesystem::path path,
                       std::shared_ptr<const std::vector<TensorInfo>> tensors,
                       CheckpointNotes notes)
    : path_(std::move(path)), tensors_(std::move(tensors)), notes_(std::move(notes)) {}

void Checkpoint::Read(std::size_t tensor, const Box& box, std::span<std::byte> elements) const {
  const TensorInfo& info = tensors()[tensor];
  assert(info.unreadable.empty());
  assert(Inside(box, info.shape));
  assert(elements.size() == ElementsIn(box) * info.element_bytes);
  try {
    DoRead(tensor, box, elements);
  } catch (Error& error) {
    error.AddContext(info.name);
    error.AddContext(path_.string());
    throw;
  }
}

std::size_t Checkpoint::ReadJoined(std::span<const TensorToRead> parts) const {
  assert(!parts.empty());
  const std::size_t joined = DoReadJoined(parts);
  if (joined > 0) return joined;
  const TensorInfo& first = tensors()[parts[0].tensor];
  Read(parts[0].tensor, RangeBox(0, first.elements), parts[0].elements);
  return 1;
}

void Checkpoint::ReadStored(std::size_t tensor, std::uint64_t offset,
                            std::span<std::byte> bytes) const {
  const TensorInfo& info = tensors()[tensor];
  assert(bytes.size() <= info.stored_bytes && offset <= info.stored_bytes - bytes.size());
  try {
    DoReadStored(tensor, offset, bytes);
  } catch (Error& error) {
    error.AddContext(info.name);
    error.AddContext(path_.string());
    throw;
  }
}

std::uint64_t Checkpoint::ShareTensors(std::shared_ptr<const std::vector<TensorInfo>>& tensors) {
  if (tensors == nullptr || (tensors != tensors_ && *tensors != *tensors_)) {
    tensors = tensors_;
    return 0;
  }
  std::uint64_t freed_bytes = 0;
  for (const TensorInfo& tensor : *tensors_) freed_bytes += tensor.list_bytes();
  tensors_ = tensors;
  return freed_bytes;
}

std::unique_ptr<Output> Checkpoint::BeginOutput(const OutputRequest& request) const {
  return DoBeginOutput(request);
}

std::string Checkpoint::DoDescribeNode(std::size_t node) const {
  return "node " + std::to_string(node);
}

}  // namespace polyak
