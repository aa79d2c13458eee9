// Tiny ONNX models, made with ONNX's own message classes.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace polyak::test {

// A model with an empty graph, as exporters write it.
onnx::ModelProto EmptyModel();

// A tensor whose elements are given as raw bytes.
onnx::TensorProto RawTensor(const std::string& name, onnx::TensorProto::DataType type,
                            const std::vector<std::int64_t>& shape, std::string_view bytes);

// A float32 tensor in raw_data.
onnx::TensorProto FloatTensor(const std::string& name, const std::vector<std::int64_t>& shape,
                              std::span<const float> values);

// Adds a node Constant whose value is the tensor; its output is the tensor's name.
void AddConstant(onnx::GraphProto& graph, const onnx::TensorProto& tensor);

void WriteModel(const std::filesystem::path& path, const onnx::ModelProto& model);
onnx::ModelProto ReadModel(const std::filesystem::path& path);

}  // namespace polyak::test
