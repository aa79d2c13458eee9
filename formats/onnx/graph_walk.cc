#include "formats/onnx/graph_walk.h"

#include <onnx/onnx_pb.h>

#include <utility>

#include "core/error.h"
#include "formats/onnx/model_index.h"

namespace polyak::onnx_format {
namespace {

using onnx::AttributeProto;
using onnx::FunctionProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::SparseTensorProto;
using onnx::TensorProto;

// "NAME", and "NAME[i]" where there are several.
std::string Numbered(const std::string& name, std::size_t i, std::size_t count) {
  return count == 1 ? name : name + "[" + std::to_string(i) + "]";
}

TensorInfo FloatInfo(std::vector<std::uint64_t> shape, std::string storage) {
  TensorInfo info;
  info.dtype = DType::kFloat32;
  info.element_bytes = ElementBytes(info.dtype);
  info.elements = ElementsOf(shape);
  info.shape = std::move(shape);
  info.storage = std::move(storage);
  info.stored_bytes = info.bytes();
  return info;
}

}  // namespace

bool GraphWalk::Node::IsConstant() const {
  return op_type == "Constant" && (domain.empty() || domain == "ai.onnx");
}

void GraphWalk::Graph(FieldReader graph, const std::string& path) {
  while (const auto field = graph.Next()) {
    if (field->type != WireType::kBytes) continue;
    switch (field->number) {
      case GraphProto::kNodeFieldNumber: NodeIn(graph.Into(*field), path); break;
      case GraphProto::kInitializerFieldNumber: Initializer(graph.Into(*field), path); break;
      case GraphProto::kSparseInitializerFieldNumber:
        SparseInitializer(graph.Into(*field), path);
        break;
      default: break;
    }
  }
}

void GraphWalk::Function(FieldReader function) {
  FieldReader first_pass = function;
  std::string name;
  while (const auto field = first_pass.Next()) {
    if (field->Is(FunctionProto::kNameFieldNumber, WireType::kBytes)) {
      name = first_pass.NameIn(*field);
    }
  }
  while (const auto field = function.Next()) {
    if (field->Is(FunctionProto::kNodeFieldNumber, WireType::kBytes)) {
      NodeIn(function.Into(*field), name + "()/");
    }
  }
}

GraphWalk::Node GraphWalk::NodeOf(FieldReader node) {
  Node found;
  bool has_output = false;
  while (const auto field = node.Next()) {
    if (field->Is(NodeProto::kOpTypeFieldNumber, WireType::kBytes)) {
      found.op_type = node.NameIn(*field);
    } else if (field->Is(NodeProto::kDomainFieldNumber, WireType::kBytes)) {
      found.domain = node.NameIn(*field);
    } else if (field->Is(NodeProto::kOutputFieldNumber, WireType::kBytes) && !has_output) {
      found.output = node.NameIn(*field);
      has_output = true;
    }
  }
  return found;
}

void GraphWalk::NodeIn(FieldReader node, const std::string& path) {
  CheckStop();
  const Node known = NodeOf(node);  // the fields come in any order: first what it is
  while (const auto field = node.Next()) {
    if (field->Is(NodeProto::kAttributeFieldNumber, WireType::kBytes)) {
      AttributeIn(node.Into(*field), known, path);
    }
  }
}

GraphWalk::Attribute GraphWalk::AttributeOf(FieldReader attribute) {
  constexpr std::size_t kMostFloats = 64;
  constexpr std::size_t kMostValues = 65536;
  Attribute found;
  int singular_tensors = 0;
  int singular_graphs = 0;
  while (const auto field = attribute.Next()) {
    if (field->Is(AttributeProto::kFFieldNumber, WireType::kFixed32)) {
      found.single_float = field->content;
    } else if (field->Is(AttributeProto::kFloatsFieldNumber, WireType::kFixed32)) {
      found.has_too_many_floats = found.floats.size() >= kMostFloats;
      if (!found.has_too_many_floats) AppendPiece(field->content, found.floats);
    }
    if (field->type != WireType::kBytes) continue;
    if (found.tensors.size() + found.graphs.size() >= kMostValues) {
      throw Error(ErrorKind::kUnsupported, "attribute " + found.name + " has too many values");
    }
    switch (field->number) {
      case AttributeProto::kNameFieldNumber: found.name = attribute.NameIn(*field); break;
      case AttributeProto::kFloatsFieldNumber: found.has_too_many_floats = true; break;
      case AttributeProto::kTFieldNumber: ++singular_tensors; [[fallthrough]];
      case AttributeProto::kTensorsFieldNumber: found.tensors.push_back(*field); break;
      case AttributeProto::kGFieldNumber: ++singular_graphs; [[fallthrough]];
      case AttributeProto::kGraphsFieldNumber: found.graphs.push_back(*field); break;
      case AttributeProto::kSparseTensorFieldNumber:
      case AttributeProto::kSparseTensorsFieldNumber: found.has_sparse_tensor = true; break;
      default: break;
    }
  }
  if (singular_tensors > 1 || singular_graphs > 1) {
    // Protocol Buffers would merge the two; nobody writes such files.
    throw Error(ErrorKind::kUnsupported, "attribute " + found.name + " has its value twice");
  }
  return found;
}

void GraphWalk::AttributeIn(FieldReader attribute, const Node& node, const std::string& path) {
  const Attribute found = AttributeOf(attribute);
  const std::string name = node.IsConstant() ? node.output : node.output + "." + found.name;
  for (std::size_t i = 0; i < found.tensors.size(); ++i) {
    IndexedTensor tensor = IndexTensor(attribute.Into(found.tensors[i]));
    // A Constant's value may be a weight; a float of rank 0, or any other operator's tensor, is
    // a setting.
    const bool may_be_weight =
        node.IsConstant() && IsFloat(tensor.info.dtype) && !tensor.info.shape.empty();
    const bool is_setting = !may_be_weight && (IsFloat(tensor.info.dtype) || !node.IsConstant());
    if (may_be_weight) tensor.info.role = Role::kParameter;
    if (is_setting) tensor.info.role = Role::kConstant;
    tensor.info.storage = node.op_type + ", " + tensor.info.storage;
    Add(std::move(tensor), path, Numbered(name, i, found.tensors.size()));
  }
  if (found.has_sparse_tensor) AddUnreadable(path, name, "sparse tensors are not supported yet");
  if (node.IsConstant()) ConstantFloats(found, node, path);
  for (std::size_t i = 0; i < found.graphs.size(); ++i) {
    const std::string subgraph = path + node.output + "/" + found.name;
    if (subgraph.size() > kMostNameBytes) {
      throw Error(ErrorKind::kUnsupported, "the path of a subgraph has more than 16384 bytes");
    }
    Graph(attribute.Into(found.graphs[i]), Numbered(subgraph, i, found.graphs.size()) + "/");
  }
}

// A Constant's value_float, and value_floats: four bytes each, with a tag between them.
void GraphWalk::ConstantFloats(const Attribute& attribute, const Node& node,
                               const std::string& path) {
  if (attribute.name == "value_float" && attribute.single_float.length > 0) {
    IndexedTensor tensor{.info = FloatInfo({}, "Constant, value_float"),
                         .payload = {.runs = {attribute.single_float}},
                         .varints = nullptr,
                         .external = nullptr};
    tensor.info.role = Role::kConstant;
    Add(std::move(tensor), path, node.output);
  }
  if (attribute.name != "value_floats") return;
  if (attribute.has_too_many_floats) {
    return AddUnreadable(path, node.output, "long value_floats are not supported yet");
  }
  IndexedTensor tensor{.info = FloatInfo({attribute.floats.size()}, "Constant, value_floats"),
                       .payload = {.runs = attribute.floats},
                       .varints = nullptr,
                       .external = nullptr};
  tensor.info.role = Role::kParameter;
  Add(std::move(tensor), path, node.output);
}

void GraphWalk::Initializer(FieldReader message, const std::string& path) {
  IndexedTensor tensor = IndexTensor(message);
  tensor.info.role = IsFloat(tensor.info.dtype) ? Role::kParameter : Role::kOther;
  const std::string name = std::move(tensor.info.name);
  Add(std::move(tensor), path, name);
}

void GraphWalk::SparseInitializer(FieldReader sparse, const std::string& path) {
  std::string name;
  while (const auto field = sparse.Next()) {
    if (field->Is(SparseTensorProto::kValuesFieldNumber, WireType::kBytes)) {
      name = IndexTensor(sparse.Into(*field)).info.name;
    }
  }
  AddUnreadable(path, name, "sparse initializers are not supported yet");
}

void GraphWalk::AddUnreadable(std::string_view path, std::string_view name, std::string reason) {
  IndexedTensor tensor;
  tensor.info.role = Role::kParameter;
  tensor.info.storage = "sparse";
  tensor.info.unreadable = std::move(reason);
  Add(std::move(tensor), path, name);
}

void GraphWalk::Add(IndexedTensor tensor, std::string_view path, std::string_view name) {
  CheckStop();
  // Charged before the name is put together: it may be far longer than what stands in the file.
  const std::uint64_t name_bytes = path.size() + name.size();
  if (!context_.index_budget.Charge(tensor.index_bytes() + name_bytes)) return;
  tensor.info.name = path;
  tensor.info.name += name;
  if (tensor.external) {
    index_.external.push_back(
        {static_cast<std::uint32_t>(index_.tensors.size()), std::move(*tensor.external)});
  }
  index_.tensors.push_back(std::move(tensor.info));
  index_.payloads.push_back(std::move(tensor.payload));
  index_.varints.push_back(std::move(tensor.varints));
}

void GraphWalk::CheckStop() const {
  if (context_.stop != nullptr && context_.stop->load(std::memory_order_relaxed)) {
    throw Error(ErrorKind::kCancelled, "stopped");
  }
}

}  // namespace polyak::onnx_format
