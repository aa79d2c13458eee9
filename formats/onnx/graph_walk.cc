#include "formats/onnx/graph_walk.h"

#include <onnx/onnx_pb.h>

#include <utility>

#include "core/error.h"
#include "formats/onnx/canonical_graph.h"
#include "formats/onnx/graph_roles.h"
#include "formats/onnx/model_index.h"
#include "formats/onnx/sparse_tensor.h"

namespace polyak::onnx_format {
namespace {

using onnx::FunctionProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TrainingInfoProto;
using onnx::ValueInfoProto;

// "NAME", and "NAME[i]" where there are several.
std::string Numbered(const std::string& name, std::size_t i, std::size_t count) {
  return count == 1 ? name : name + "[" + std::to_string(i) + "]";
}

std::string NameOfValue(FieldReader value) {
  std::string name;
  while (const auto field = value.Next()) {
    if (field->Is(ValueInfoProto::kNameFieldNumber, WireType::kBytes)) name = value.NameIn(*field);
  }
  return name;
}

IndexedTensor Floats(std::vector<std::uint64_t> shape, std::vector<PayloadRun> runs,
                     std::string storage) {
  IndexedTensor tensor;
  TensorInfo& info = tensor.info;
  info.dtype = DType::kFloat32;
  info.element_bytes = ElementBytes(info.dtype);
  info.elements = ElementsOf(shape);
  info.shape = std::move(shape);
  info.storage = std::move(storage);
  info.stored_bytes = info.bytes();
  tensor.payload.runs = std::move(runs);
  return tensor;
}

void CheckPath(const std::string& path) {
  if (path.size() <= kMostNameBytes) return;
  throw Error(ErrorKind::kUnsupported, "the path of a subgraph has more than 16384 bytes");
}

}  // namespace

GraphWalk::GraphWalk(OpenContext& context, ModelIndex& index, bool has_functions)
    : context_(context),
      index_(index),
      record_(context.index_budget),
      has_functions_(has_functions) {
  record_.BeginGraph(false);
}

bool GraphWalk::Node::IsConstant() const {
  return op_type == "Constant" && (domain.empty() || domain == "ai.onnx");
}

void GraphWalk::MainGraph(FieldReader graph) { FieldsOfGraph(graph, main_); }

void GraphWalk::FieldsOfGraph(FieldReader graph, Place& place) {
  while (const auto field = graph.Next()) {
    if (field->type != WireType::kBytes) continue;
    switch (field->number) {
      case GraphProto::kNodeFieldNumber: NodeIn(graph.Into(*field), place); break;
      case GraphProto::kInitializerFieldNumber: Initializer(graph.Into(*field), place); break;
      case GraphProto::kSparseInitializerFieldNumber:
        SparseTensor(graph.Into(*field), "", nullptr, place);
        break;
      case GraphProto::kInputFieldNumber:
        record_.AddGraphInput(NameOfValue(graph.Into(*field)));
        break;
      case GraphProto::kOutputFieldNumber:
        record_.AddGraphOutput(NameOfValue(graph.Into(*field)));
        break;
      default: break;
    }
  }
}

void GraphWalk::Subgraph(FieldReader graph, Place place, RecordNumber owner) {
  record_.BeginGraph(true);
  FieldsOfGraph(graph, place);
  record_.EndGraph(owner);
}

void GraphWalk::Function(FieldReader function) {
  constexpr int kOverloadFieldNumber = 13;  // later than the headers that polyak is built with
  std::string domain;
  std::string name;
  std::string overload;
  FieldReader first_pass = function;
  record_.BeginGraph(false);
  while (const auto field = first_pass.Next()) {
    if (field->type != WireType::kBytes) continue;
    switch (field->number) {
      case FunctionProto::kNameFieldNumber: name = first_pass.NameIn(*field); break;
      case FunctionProto::kDomainFieldNumber: domain = first_pass.NameIn(*field); break;
      case kOverloadFieldNumber: overload = first_pass.NameIn(*field); break;
      case FunctionProto::kInputFieldNumber:
        record_.AddGraphInput(first_pass.NameIn(*field));
        break;
      case FunctionProto::kOutputFieldNumber:
        record_.AddGraphOutput(first_pass.NameIn(*field));
        break;
      default: break;
    }
  }
  Place place{.path = (domain.empty() ? "" : domain + "::") + name +
                      (overload.empty() ? "" : ":" + overload) + "()/"};
  CheckPath(place.path);
  while (const auto field = function.Next()) {
    if (field->Is(FunctionProto::kNodeFieldNumber, WireType::kBytes)) {
      NodeIn(function.Into(*field), place);
    }
  }
  record_.NameFunction(record_.EndGraph(kNoRecord), domain, name);
}

void GraphWalk::TrainingInfo(FieldReader training, std::size_t number) {
  const std::string path = "training_info[" + std::to_string(number) + "].";
  is_training_ = true;
  while (const auto field = training.Next()) {
    if (field->Is(TrainingInfoProto::kInitializationFieldNumber, WireType::kBytes)) {
      Subgraph(training.Into(*field), {.path = path + "initialization/"}, kNoRecord);
    } else if (field->Is(TrainingInfoProto::kAlgorithmFieldNumber, WireType::kBytes)) {
      Subgraph(training.Into(*field), {.path = path + "algorithm/"}, kNoRecord);
    }
  }
  is_training_ = false;
}

// The fields come in any order: what it is comes first, then its attributes.
GraphWalk::Node GraphWalk::BeginNode(FieldReader node, Place& place) {
  Node found;
  found.record = record_.BeginRecord(GraphRecord::Kind::kNode, kNoRecord);
  while (const auto field = node.Next()) {
    if (field->type != WireType::kBytes) continue;
    switch (field->number) {
      case NodeProto::kOpTypeFieldNumber: found.op_type = node.NameIn(*field); break;
      case NodeProto::kDomainFieldNumber: found.domain = node.NameIn(*field); break;
      case NodeProto::kInputFieldNumber: record_.TakeInput(node.NameIn(*field)); break;
      case NodeProto::kOutputFieldNumber: {
        std::string output = node.NameIn(*field);
        record_.GiveOutput(output);
        if (found.output.empty()) found.output = std::move(output);
        break;
      }
      case NodeProto::kAttributeFieldNumber: found.has_attributes = true; break;
      default: break;
    }
  }
  const Operator& op = FindOperator(found.op_type, found.domain);
  if (op.flow == Flow::kIdentity) {
    record_.AddRenaming(found.output, place.path + found.output);
  }
  record_.SetOperator(found.record, op);
  if (op.name.empty() && has_functions_) {
    record_.AddCall(found.record, found.domain, found.op_type);
  }
  if (found.has_attributes && found.output.empty()) {
    found.output = "node " + std::to_string(place.nodes);
  }
  ++place.nodes;
  return found;
}

void GraphWalk::NodeIn(FieldReader node, Place& place) {
  CheckStop();
  const Node known = BeginNode(node, place);
  NodeContent content(known.op_type, known.domain);
  while (known.has_attributes) {
    const auto field = node.Next();
    if (!field) break;
    if (field->Is(NodeProto::kAttributeFieldNumber, WireType::kBytes)) {
      AttributeIn(node.Into(*field), known, content, place);
    }
  }
  record_.SetContent(known.record, content.Hash());
}

void GraphWalk::AttributeIn(FieldReader attribute, const Node& node, NodeContent& content,
                            const Place& place) {
  const bool floats_are_tensors = node.IsConstant() || node.IsOfMachineLearning();
  const NodeAttribute found = ReadAttribute(attribute, !floats_are_tensors);
  content.Add(found);
  TensorsOf(found, attribute, node, content, place);
  if (floats_are_tensors) FloatsOf(found, node, place);
  SubgraphsOf(found, attribute, node, place);
}

void GraphWalk::TensorsOf(const NodeAttribute& attribute, const FieldReader& reader,
                          const Node& node, NodeContent& content, const Place& place) {
  const std::string name = node.IsConstant() ? node.output : node.output + "." + attribute.name;
  for (std::size_t i = 0; i < attribute.tensors.size(); ++i) {
    IndexedTensor tensor = IndexTensor(reader.Into(attribute.tensors[i]));
    content.AddTensor(tensor.info);
    if (!node.IsConstant()) tensor.info.role = Role::kConstant;
    tensor.info.storage = node.op_type + ", " + tensor.info.storage;
    AddOfNode(std::move(tensor), node, Numbered(name, i, attribute.tensors.size()), place);
  }
  for (std::size_t i = 0; i < attribute.sparse_tensors.size(); ++i) {
    SparseTensor(reader.Into(attribute.sparse_tensors[i]),
                 Numbered(name, i, attribute.sparse_tensors.size()), &node, place);
  }
}

// A Constant's value_float and value_floats; lists of floats of the operators of ai.onnx.ml.
void GraphWalk::FloatsOf(const NodeAttribute& attribute, const Node& node, const Place& place) {
  const std::string storage = node.op_type + ", " + attribute.name;
  if (node.IsConstant()) {
    if (attribute.name == "value_float" && attribute.single_float.length > 0) {
      return AddOfNode(Floats({}, {attribute.single_float}, storage), node, node.output, place);
    }
    if (attribute.name != "value_floats") return;
  } else if (attribute.floats.empty()) {
    return;
  }
  IndexedTensor tensor = Floats({attribute.float_count}, attribute.floats, storage);
  if (attribute.has_too_many_runs()) {
    tensor.info.unreadable = "a list of floats is in more than 4096 separate runs";
    tensor.info.stored_bytes = 0;
    tensor.payload.runs = {};
  }
  const bool is_learned = IsLearnedAttribute(node.op_type, attribute.name);
  tensor.info.role = is_learned ? Role::kParameter : Role::kConstant;
  if (is_learned) tensor.info.use = "coefficient";
  const std::string name = node.IsConstant() ? node.output : node.output + "." + attribute.name;
  AddOfNode(std::move(tensor), node, name, place);
}

void GraphWalk::SubgraphsOf(const NodeAttribute& attribute, const FieldReader& reader,
                            const Node& node, const Place& place) {
  const std::string path = place.path + node.output + "/" + attribute.name;
  CheckPath(path);
  for (std::size_t i = 0; i < attribute.graphs.size(); ++i) {
    Subgraph(reader.Into(attribute.graphs[i]),
             {.path = Numbered(path, i, attribute.graphs.size()) + "/"}, node.record);
  }
}

void GraphWalk::Initializer(FieldReader message, const Place& place) {
  IndexedTensor tensor = IndexTensor(message);
  const std::string name = std::move(tensor.info.name);
  AddNamed(std::move(tensor), name, place);
}

void GraphWalk::SparseTensor(FieldReader message, std::string name, const Node* owner,
                             const Place& place) {
  IndexedSparseTensor sparse = IndexSparseTensor(message);
  if (name.empty()) name = std::move(sparse.values.info.name);
  if (owner != nullptr) sparse.values.info.storage.insert(0, owner->op_type + ", ");
  sparse_.push_back(static_cast<std::uint32_t>(index_.tensors.size()));
  if (owner == nullptr) {
    AddNamed(std::move(sparse.values), name, place);
  } else {
    if (!owner->IsConstant()) sparse.values.info.role = Role::kConstant;
    AddOfNode(std::move(sparse.values), *owner, name, place);
  }
  Add(std::move(sparse.indices), place.path, name + ".indices");
  Add(std::move(sparse.dims), place.path, name + ".dims");
}

void GraphWalk::AddOfNode(IndexedTensor tensor, const Node& node, const std::string& name,
                          const Place& place) {
  if (node.IsConstant()) return AddNamed(std::move(tensor), name, place);
  const std::uint32_t number = Add(std::move(tensor), place.path, name);
  record_.BeginRecord(GraphRecord::Kind::kTensors, node.record);
  record_.TakeTensor(number);
}

void GraphWalk::AddNamed(IndexedTensor tensor, const std::string& name, const Place& place) {
  const std::uint32_t number = Add(std::move(tensor), place.path, name);
  if (number != kNoTensorNumber) record_.DefineTensor(name, number);
}

std::uint32_t GraphWalk::Add(IndexedTensor tensor, std::string_view path, std::string_view name) {
  CheckStop();
  // Charged before the name is put together: it may be far longer than what stands in the file.
  const std::uint64_t name_bytes = path.size() + name.size();
  if (!context_.index_budget.Charge(tensor.index_bytes() + name_bytes)) {
    return kNoTensorNumber;
  }
  if (is_training_) tensor.info.role = Role::kOptimizerState;
  tensor.info.name = path;
  tensor.info.name += name;
  if (tensor.external) {
    index_.external.push_back(
        {static_cast<std::uint32_t>(index_.tensors.size()), std::move(*tensor.external)});
  }
  index_.tensors.push_back(std::move(tensor.info));
  index_.payloads.push_back(std::move(tensor.payload));
  index_.varints.push_back(std::move(tensor.varints));
  return static_cast<std::uint32_t>(index_.tensors.size() - 1);
}

void GraphWalk::Finish() {
  record_.EndGraph(kNoRecord);
  if (!record_.Charge(0)) return;
  record_.Resolve();
  AssignRoles(record_, index_.tensors);
  index_.notes.graph = MakeGraphShape(record_, sparse_);
}

void GraphWalk::CheckStop() const {
  if (context_.stop != nullptr && context_.stop->load(std::memory_order_relaxed)) {
    throw Error(ErrorKind::kCancelled, "stopped");
  }
}

}  // namespace polyak::onnx_format
