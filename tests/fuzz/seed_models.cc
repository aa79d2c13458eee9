#include "fuzz/seed_models.h"

#include <onnx/onnx_pb.h>

#include <cstdint>

#include "fuzz/model_comparison.h"
#include "support/onnx_builder.h"

namespace polyak::test {
namespace {

using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;

constexpr float kValues[] = {1.5F, -2.25F, 3, 0};

TensorProto Weights(const std::string& name) { return FloatTensor(name, {2, 2}, kValues); }

TensorProto& AddTensor(GraphProto& graph, const std::string& name, TensorProto::DataType type,
                       std::int64_t elements) {
  TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  tensor.add_dims(elements);
  return tensor;
}

NodeProto& AddNode(GraphProto& graph, const std::string& type, const std::string& output) {
  NodeProto& node = *graph.add_node();
  node.set_op_type(type);
  node.add_output(output);
  return node;
}

AttributeProto& AddAttribute(NodeProto& node, const std::string& name,
                             AttributeProto::AttributeType type) {
  AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

// Elements in each of the typed fields, a scalar, an empty tensor, strings.
std::string TypedData() {
  ModelProto model = EmptyModel();
  GraphProto& graph = *model.mutable_graph();
  TensorProto& floats = AddTensor(graph, "floats", TensorProto::FLOAT, 3);
  TensorProto& complex = AddTensor(graph, "complex", TensorProto::COMPLEX64, 2);
  for (const float value : {1.0F, -2.0F, 0.5F}) floats.add_float_data(value);
  for (const float value : kValues) complex.add_float_data(value);
  TensorProto& doubles = AddTensor(graph, "doubles", TensorProto::DOUBLE, 2);
  for (const double value : {1e300, -0.0}) doubles.add_double_data(value);
  TensorProto& halves = AddTensor(graph, "halves", TensorProto::FLOAT16, 3);
  TensorProto& brains = AddTensor(graph, "brains", TensorProto::BFLOAT16, 3);
  TensorProto& ints = AddTensor(graph, "ints", TensorProto::INT32, 3);
  TensorProto& longs = AddTensor(graph, "longs", TensorProto::INT64, 3);
  TensorProto& counts = AddTensor(graph, "counts", TensorProto::UINT64, 3);
  for (const int value : {0x3c00, 5, 0xffff}) {
    halves.add_int32_data(value);
    brains.add_int32_data(value);
    ints.add_int32_data(-value);
    longs.add_int64_data(-value);
    counts.add_uint64_data(static_cast<std::uint64_t>(value));
  }
  AddTensor(graph, "strings", TensorProto::STRING, 1).add_string_data("text");
  *graph.add_initializer() = RawTensor("scalar", TensorProto::FLOAT, {}, {"\0\0\x80\x3f", 4});
  *graph.add_initializer() = RawTensor("empty", TensorProto::FLOAT, {0, 3}, "");
  return model.SerializeAsString();
}

void FillBranch(GraphProto& graph, const std::string& name) {
  graph.set_name(name);
  *graph.add_initializer() = Weights("w");
  AddConstant(graph, Weights(name + "_constant"));
  graph.add_output()->set_name(name + "_constant");
}

// If within Loop, lists of tensors and graphs, and all kinds of Constants.
std::string Subgraphs() {
  ModelProto model = EmptyModel();
  GraphProto& graph = *model.mutable_graph();
  *graph.add_initializer() = Weights("w");
  NodeProto& loop = AddNode(graph, "Loop", "looped");
  GraphProto& body = *AddAttribute(loop, "body", AttributeProto::GRAPH).mutable_g();
  NodeProto& choose = AddNode(body, "If", "chosen");
  for (const char* name : {"then_branch", "else_branch"}) {
    FillBranch(*AddAttribute(choose, name, AttributeProto::GRAPH).mutable_g(), name);
  }
  NodeProto& lists = AddNode(graph, "Custom", "lists");
  AttributeProto& graphs = AddAttribute(lists, "graphs", AttributeProto::GRAPHS);
  for (const char* name : {"g0", "g1"}) FillBranch(*graphs.add_graphs(), name);
  AttributeProto& tensors = AddAttribute(lists, "tensors", AttributeProto::TENSORS);
  for (const char* name : {"t0", "t1"}) *tensors.add_tensors() = Weights(name);
  AddAttribute(AddNode(graph, "Constant", "c0"), "value_float", AttributeProto::FLOAT).set_f(2);
  AttributeProto& floats =
      AddAttribute(AddNode(graph, "Constant", "c1"), "value_floats", AttributeProto::FLOATS);
  for (const float value : kValues) floats.add_floats(value);
  AttributeProto& ints =
      AddAttribute(AddNode(graph, "Constant", "c2"), "value_ints", AttributeProto::INTS);
  for (const int value : {1, -1, 300}) ints.add_ints(value);
  AddAttribute(AddNode(graph, "Constant", "c3"), "value_string", AttributeProto::STRING)
      .set_s("text");
  return model.SerializeAsString();
}

void FillSparse(onnx::SparseTensorProto& sparse, const std::string& name) {
  *sparse.mutable_values() = FloatTensor(name, {4}, kValues);
  TensorProto& indices = *sparse.mutable_indices();
  indices.set_data_type(TensorProto::INT64);
  indices.add_dims(4);
  for (const int index : {1, 5, 130, 700}) indices.add_int64_data(index);
  sparse.add_dims(1000);
}

// Sparse tensors, functions, training_info.
std::string OtherPlaces() {
  ModelProto model = EmptyModel();
  GraphProto& graph = *model.mutable_graph();
  FillSparse(*graph.add_sparse_initializer(), "sparse");
  FillSparse(
      *AddAttribute(AddNode(graph, "Constant", "c"), "sparse_value", AttributeProto::SPARSE_TENSOR)
           .mutable_sparse_tensor(),
      "");
  onnx::FunctionProto& function = *model.add_functions();
  function.set_name("f");
  function.set_domain("d");
  function.add_output("made");
  NodeProto& node = *function.add_node();
  node.set_op_type("Constant");
  node.add_output("made");
  *AddAttribute(node, "value", AttributeProto::TENSOR).mutable_t() = Weights("");
  onnx::TrainingInfoProto& training = *model.add_training_info();
  *training.mutable_initialization()->add_initializer() = Weights("start");
  *training.mutable_algorithm()->add_initializer() = Weights("rate");
  auto& binding = *training.add_update_binding();
  binding.set_key("w");
  binding.set_value("w_new");
  return model.SerializeAsString();
}

void AddEntry(TensorProto& tensor, const std::string& key, const std::string& value) {
  auto& entry = *tensor.add_external_data();
  entry.set_key(key);
  entry.set_value(value);
}

std::string ExternalData() {
  ModelProto model = EmptyModel();
  GraphProto& graph = *model.mutable_graph();
  TensorProto& part = AddTensor(graph, "part", TensorProto::FLOAT, 4);
  AddEntry(part, "location", std::string(kDataFile));
  AddEntry(part, "offset", "16");
  AddEntry(part, "length", "16");
  part.set_data_location(TensorProto::EXTERNAL);
  TensorProto& rest = AddTensor(graph, "rest", TensorProto::DOUBLE, (kDataFileBytes - 32) / 8);
  AddEntry(rest, "location", std::string(kDataFile));
  AddEntry(rest, "offset", "32");
  rest.set_data_location(TensorProto::EXTERNAL);
  *graph.add_initializer() = Weights("inside");
  return model.SerializeAsString();
}

// Operators that give weights their uses, those of ai.onnx.ml, everything that names things.
std::string Operators() {
  ModelProto model = EmptyModel();
  model.set_domain("test");
  model.set_doc_string("words");
  GraphProto& graph = *model.mutable_graph();
  for (const char* name : {"scale", "shift", "mean", "var"}) {
    *graph.add_initializer() = FloatTensor(name, {4}, kValues);
  }
  NodeProto& norm = AddNode(graph, "BatchNormalization", "n");
  for (const char* name : {"x", "scale", "shift", "mean", "var"}) norm.add_input(name);
  NodeProto& identity = AddNode(graph, "Identity", "alias");
  identity.add_input("scale");
  NodeProto& regressor = AddNode(graph, "LinearRegressor", "y");
  regressor.set_domain("ai.onnx.ml");
  regressor.set_doc_string("words");
  for (const char* name : {"coefficients", "intercepts"}) {
    AttributeProto& attribute = AddAttribute(regressor, name, AttributeProto::FLOATS);
    for (const float value : kValues) attribute.add_floats(value);
  }
  AddAttribute(regressor, "targets", AttributeProto::INT).set_i(1);
  onnx::ValueInfoProto& input = *graph.add_input();
  input.set_name("x");
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("batch");
  auto& annotation = *graph.add_quantization_annotation();
  annotation.set_tensor_name("scale");
  annotation.add_quant_parameter_tensor_names()->set_key("SCALE_TENSOR");
  for (const char* key : {"author", "polyak"}) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value("{}");
  }
  return model.SerializeAsString();
}

}  // namespace

std::vector<std::string> SeedModels() {
  return {TypedData(), Subgraphs(), OtherPlaces(), ExternalData(), Operators()};
}

}  // namespace polyak::test
