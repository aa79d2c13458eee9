// AttributeProto: an attribute of a node, and the hash of what a node is apart from its values.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, messages AttributeProto, NodeProto
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "formats/onnx/wire.h"
#include "io/payload.h"

namespace polyak::onnx_format {

struct NodeAttribute {
  std::string name;
  std::vector<Field> tensors;         // t or tensors
  std::vector<Field> sparse_tensors;  // sparse_tensor or sparse_tensors
  std::vector<Field> graphs;          // g or graphs
  Extent single_float;                // f
  std::vector<PayloadRun> floats;
  std::uint64_t float_count = 0;  // in `floats`
  std::uint64_t values_hash = 0;  // of integers, strings and, where wanted, floats

  // More aren't worth reading run by run; `floats` hasn't got all of them then.
  bool has_too_many_runs() const noexcept { return floats.size() > kMostRuns; }
  static constexpr std::size_t kMostRuns = 4096;
};

// Throws Error (kCorrupt, kUnsupported) where the message is malformed or has its tensor or graph
// twice. Without `hash_floats` the hash covers their number only.
NodeAttribute ReadAttribute(FieldReader attribute, bool hash_floats);

// Collects what a node is: its operator, and attributes in any order.
class NodeContent {
 public:
  NodeContent(std::string_view op_type, std::string_view domain);

  void Add(const NodeAttribute& attribute);
  // A tensor of the attribute added last: only what it is like, not its elements.
  void AddTensor(const TensorInfo& tensor);
  std::uint64_t Hash() const;

 private:
  std::uint64_t operator_hash_;
  std::uint64_t last_hash_ = 0;     // of the attribute added last
  std::uint64_t other_hashes_ = 0;  // of those before it, summed up: their order is free
};

}  // namespace polyak::onnx_format
