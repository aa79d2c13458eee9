// Walks the graphs of a model and notes each tensor in a ModelIndex.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/format.h"
#include "formats/onnx/tensor_proto.h"
#include "formats/onnx/wire.h"

namespace polyak::onnx_format {

struct ModelIndex;

class GraphWalk {
 public:
  // Both must outlive it.
  GraphWalk(OpenContext& context, ModelIndex& index) : context_(context), index_(index) {}

  // A GraphProto; `path` comes in front of the names, "" or "a/b/". Throws Error
  // (kCorrupt, kUnsupported, kCancelled).
  void Graph(FieldReader graph, const std::string& path);
  // A FunctionProto.
  void Function(FieldReader function);

 private:
  struct Node {
    std::string op_type;
    std::string domain;
    std::string output;  // the first one
    bool IsConstant() const;
  };
  struct Attribute {
    std::string name;
    std::vector<Field> tensors;
    std::vector<Field> graphs;
    std::vector<PayloadRun> floats;
    Extent single_float;
    bool has_sparse_tensor = false;
    bool has_too_many_floats = false;
  };

  static Node NodeOf(FieldReader node);
  static Attribute AttributeOf(FieldReader attribute);

  void NodeIn(FieldReader node, const std::string& path);
  void AttributeIn(FieldReader attribute, const Node& node, const std::string& path);
  void ConstantFloats(const Attribute& attribute, const Node& node, const std::string& path);
  void Initializer(FieldReader tensor, const std::string& path);
  void SparseInitializer(FieldReader sparse, const std::string& path);
  // A tensor that can't be read, and why.
  void AddUnreadable(std::string_view path, std::string_view name, std::string reason);
  // Notes the tensor as path + name, if the budget allows.
  void Add(IndexedTensor tensor, std::string_view path, std::string_view name);
  void CheckStop() const;

  OpenContext& context_;
  ModelIndex& index_;
};

}  // namespace polyak::onnx_format
