#include "support/onnx_builder.h"

#include <stdexcept>

#include "support/files.h"

namespace polyak::test {

onnx::ModelProto EmptyModel() {
  onnx::ModelProto model;
  model.set_ir_version(7);
  model.set_producer_name("test");
  model.mutable_graph()->set_name("g");
  model.add_opset_import()->set_version(13);
  return model;
}

onnx::TensorProto RawTensor(const std::string& name, onnx::TensorProto::DataType type,
                            const std::vector<std::int64_t>& shape, std::string_view bytes) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t dimension : shape) tensor.add_dims(dimension);
  tensor.set_raw_data(bytes.data(), bytes.size());
  return tensor;
}

onnx::TensorProto FloatTensor(const std::string& name, const std::vector<std::int64_t>& shape,
                              std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return RawTensor(name, onnx::TensorProto::FLOAT, shape,
                   {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void AddConstant(onnx::GraphProto& graph, const onnx::TensorProto& tensor) {
  onnx::NodeProto* node = graph.add_node();
  node->set_op_type("Constant");
  node->add_output(tensor.name());
  onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name("value");
  attribute->set_type(onnx::AttributeProto::TENSOR);
  *attribute->mutable_t() = tensor;
}

void WriteModel(const std::filesystem::path& path, const onnx::ModelProto& model) {
  WriteFile(path, model.SerializeAsString());
}

onnx::ModelProto ReadModel(const std::filesystem::path& path) {
  onnx::ModelProto model;
  if (!model.ParseFromString(ReadFile(path))) throw std::runtime_error("not a ModelProto");
  return model;
}

}  // namespace polyak::test
