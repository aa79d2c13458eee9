// A checkpoint that lies in memory, for what works on any Checkpoint.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint.h"

namespace polyak::test {

struct FakeTensor {
  TensorInfo info;
  std::string payload;
  std::uint64_t payload_id = 0;  // 0: its own
};

inline FakeTensor MakeTensor(const std::string& name, DType dtype, std::vector<std::uint64_t> shape,
                             std::string payload = "") {
  FakeTensor tensor;
  tensor.info.name = name;
  tensor.info.dtype = dtype;
  tensor.info.element_bytes = ElementBytes(dtype);
  tensor.info.elements = ElementsOf(shape);
  tensor.info.shape = std::move(shape);
  tensor.info.role = CanBeAveraged(dtype) ? Role::kParameter : Role::kOther;
  payload.resize(tensor.info.bytes());
  tensor.info.stored_bytes = payload.size();
  tensor.payload = std::move(payload);
  return tensor;
}

class FakeCheckpoint final : public Checkpoint {
 public:
  FakeCheckpoint(std::string path, std::vector<FakeTensor> tensors, CheckpointNotes notes = {})
      : Checkpoint(std::move(path), InfosOf(tensors), std::move(notes)),
        fakes_(std::move(tensors)) {}
  FakeCheckpoint(std::string path, std::vector<FakeTensor> tensors, GraphShape graph)
      : Checkpoint(std::move(path), InfosOf(tensors),
                   {.graph = std::make_shared<const GraphShape>(std::move(graph))}),
        fakes_(std::move(tensors)) {}

 private:
  static std::vector<TensorInfo> InfosOf(const std::vector<FakeTensor>& tensors) {
    std::vector<TensorInfo> infos;
    for (const FakeTensor& tensor : tensors) infos.push_back(tensor.info);
    return infos;
  }

  std::uint64_t DoFileBytes() const override { return 1; }
  void DoRead(std::size_t tensor, const Box& box, std::span<std::byte> elements) const override {
    const TensorInfo& info = fakes_[tensor].info;
    ForEachRun(info.shape, box, [&](std::uint64_t first, std::uint64_t count) {
      const std::size_t bytes = count * info.element_bytes;
      std::memcpy(elements.data(), fakes_[tensor].payload.data() + first * info.element_bytes,
                  bytes);
      elements = elements.subspan(bytes);
    });
  }
  void DoReadStored(std::size_t tensor, std::uint64_t offset,
                    std::span<std::byte> bytes) const override {
    std::memcpy(bytes.data(), fakes_[tensor].payload.data() + offset, bytes.size());
  }
  std::uint64_t DoPayloadId(std::size_t tensor) const override {
    return fakes_[tensor].payload_id != 0 ? fakes_[tensor].payload_id : 1000 + tensor;
  }
  std::unique_ptr<Output> DoBeginOutput(const OutputRequest&) const override { return nullptr; }
  std::vector<FileIdentity> DoFiles() const override { return {}; }
  void DoCheckUnchanged() const override {}

  std::vector<FakeTensor> fakes_;
};

}  // namespace polyak::test
