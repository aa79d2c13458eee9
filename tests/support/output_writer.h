// Writes an output as the engine does, from elements that a test gives.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/checkpoint.h"

namespace polyak::test {

// Elements of tensors by their numbers, as Write takes them: row-major, native order.
using NewElements = std::map<std::size_t, std::string>;

// The elements in tiles of about `tile_bytes`, then Commit. The request's `replaced` is set.
inline void WriteOutput(const Checkpoint& reference, OutputRequest request,
                        const NewElements& elements, std::uint64_t tile_bytes = 1000) {
  std::vector<std::size_t> replaced;
  for (const auto& [tensor, bytes] : elements) replaced.push_back(tensor);
  request.replaced = replaced;
  const std::unique_ptr<Output> output = reference.BeginOutput(request);
  const auto write = [&](std::size_t tensor) {
    const Tiles tiles = output->TilesOf(tensor, tile_bytes);
    const std::size_t element_bytes = reference.tensors()[tensor].element_bytes;
    for (std::uint64_t i = tiles.count(); i-- > 0;) {
      const Box box = tiles.BoxAt(i);
      const auto bytes = std::string_view(elements.at(tensor))
                             .substr(box.start[0] * element_bytes, box.count[0] * element_bytes);
      output->Write(tensor, box, std::as_bytes(std::span(bytes)));
    }
  };
  std::vector<std::size_t> others = replaced;
  for (const std::size_t tensor : output->written_first()) {
    write(tensor);
    std::erase(others, tensor);
  }
  output->LayOut();
  for (std::size_t part = output->kept_parts(); part-- > 0;) output->WriteKept(part);
  for (const std::size_t tensor : others) write(tensor);
  output->Commit(request.provenance);
}

// The bytes of values.
template <class Value>
std::string BytesOf(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

}  // namespace polyak::test
