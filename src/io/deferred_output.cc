#include "io/deferred_output.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace polyak {

DeferredOutput::DeferredOutput(const std::filesystem::path& path,
                               std::span<const TensorInfo> tensors,
                               std::vector<std::size_t> deferred, LayOutRest lay_out_rest)
    : tensors_(tensors),
      deferred_(std::move(deferred)),
      spill_(path),
      lay_out_rest_(std::move(lay_out_rest)) {
  std::ranges::sort(deferred_);
  for (const std::size_t tensor : deferred_) {
    spilled_.push_back({tensor, end_});
    end_ += tensors_[tensor].bytes();
  }
}

const DeferredOutput::Spilled* DeferredOutput::Find(std::size_t tensor) const noexcept {
  const auto found = std::ranges::lower_bound(spilled_, tensor, {}, &Spilled::tensor);
  return found != spilled_.end() && found->tensor == tensor ? &*found : nullptr;
}

void DeferredOutput::DoLayOut() { rest_ = lay_out_rest_(spill_, spilled_, end_); }

Tiles DeferredOutput::DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const {
  if (Find(tensor) == nullptr) return rest_->TilesOf(tensor, bytes_wanted);
  const TensorInfo& info = tensors_[tensor];
  return Tiles::Ranges(info.elements,
                       std::max<std::uint64_t>(1, bytes_wanted / info.element_bytes));
}

void DeferredOutput::DoWrite(std::size_t tensor, const Box& box,
                             std::span<const std::byte> elements) {
  const Spilled* const spilled = Find(tensor);
  if (spilled == nullptr) return rest_->Write(tensor, box, elements);
  const std::uint32_t element_bytes = tensors_[tensor].element_bytes;
  ForEachRun(tensors_[tensor].shape, box, [&](std::uint64_t first, std::uint64_t count) {
    const auto run = elements.first(count * element_bytes);
    spill_.WriteAt(spilled->offset + first * element_bytes, run);
    elements = elements.subspan(run.size());
  });
}

std::size_t DeferredOutput::DoWriteJoined(std::span<const TensorToWrite> parts) {
  const auto spilled = std::ranges::find_if(
      parts, [this](const TensorToWrite& part) { return Find(part.tensor) != nullptr; });
  const auto others = parts.first(static_cast<std::size_t>(spilled - parts.begin()));
  return others.empty() ? 0 : rest_->WriteJoined(others);
}

}  // namespace polyak
