// Walks the graphs of a model, notes each tensor in a ModelIndex, and records what nodes do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/format.h"
#include "formats/onnx/graph_record.h"
#include "formats/onnx/node_attribute.h"
#include "formats/onnx/tensor_proto.h"
#include "formats/onnx/wire.h"

namespace polyak::onnx_format {

struct ModelIndex;

// All functions throw Error (kCorrupt, kUnsupported, kCancelled).
class GraphWalk {
 public:
  // Both must outlive it. Without `has_functions` no node is taken for a call of one.
  GraphWalk(OpenContext& context, ModelIndex& index, bool has_functions);

  // A GraphProto that is the model's; given twice, both are one.
  void MainGraph(FieldReader graph);
  // A FunctionProto.
  void Function(FieldReader function);
  // A TrainingInfoProto, the `number`-th from 0.
  void TrainingInfo(FieldReader training, std::size_t number);
  // After all of them: gives the tensors their roles, and the index the graph's shape. Does
  // nothing where the budget was too small.
  void Finish();

 private:
  // A graph on the way, and where it is.
  struct Place {
    std::string path;  // in front of the names, "" or "a/b/"
    std::uint64_t nodes = 0;
  };
  struct Node {
    std::string op_type;
    std::string domain;
    // The first one that has a name. "node N" where none has, and attributes are named by it.
    std::string output;
    RecordNumber record = kNoRecord;
    bool has_attributes = false;

    bool IsConstant() const;
    bool IsOfMachineLearning() const { return domain == "ai.onnx.ml"; }
  };

  void FieldsOfGraph(FieldReader graph, Place& place);
  void Subgraph(FieldReader graph, Place place, RecordNumber owner);
  Node BeginNode(FieldReader node, Place& place);
  void NodeIn(FieldReader node, Place& place);
  void AttributeIn(FieldReader attribute, const Node& node, NodeContent& content,
                   const Place& place);
  void TensorsOf(const NodeAttribute& attribute, const FieldReader& reader, const Node& node,
                 NodeContent& content, const Place& place);
  void FloatsOf(const NodeAttribute& attribute, const Node& node, const Place& place);
  void SubgraphsOf(const NodeAttribute& attribute, const FieldReader& reader, const Node& node,
                   const Place& place);
  void Initializer(FieldReader tensor, const Place& place);
  // Its values under the name, and its indices; "": the values have their own name. Without an
  // owner its values are what the name stands for in the graph.
  void SparseTensor(FieldReader sparse, std::string name, const Node* owner, const Place& place);

  // What an attribute of the node holds: a Constant's is the value of its output.
  void AddOfNode(IndexedTensor tensor, const Node& node, const std::string& name,
                 const Place& place);
  void AddNamed(IndexedTensor tensor, const std::string& name, const Place& place);
  // Notes the tensor as path + name, if the budget allows; its number.
  std::uint32_t Add(IndexedTensor tensor, std::string_view path, std::string_view name);
  void CheckStop() const;

  OpenContext& context_;
  ModelIndex& index_;
  GraphRecord record_;
  Place main_;
  std::vector<std::uint32_t> sparse_;  // tensors that are followed by their indices and dims
  const bool has_functions_;
  bool is_training_ = false;
};

}  // namespace polyak::onnx_format
