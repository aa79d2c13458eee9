#include "formats/onnx/node_description.h"

#include <onnx/onnx_pb.h>

#include <optional>
#include <utility>

#include "formats/onnx/wire.h"

namespace polyak::onnx_format {
namespace {

using onnx::AttributeProto;
using onnx::FunctionProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TrainingInfoProto;

// Passes the nodes in the order in which GraphWalk records them, until the one that is wanted.
class NodeSearch {
 public:
  explicit NodeSearch(std::size_t wanted) : left_(wanted) {}

  std::optional<std::string> InModel(FieldReader model) {
    while (const auto field = model.Next()) {
      if (field->type != WireType::kBytes) continue;
      switch (field->number) {
        case ModelProto::kGraphFieldNumber:
          InGraph(model.Into(*field), GraphProto::kNodeFieldNumber, main_nodes_);
          break;
        case ModelProto::kFunctionsFieldNumber: {
          std::size_t nodes = 0;
          InGraph(model.Into(*field), FunctionProto::kNodeFieldNumber, nodes);
          break;
        }
        case ModelProto::kTrainingInfoFieldNumber: InTraining(model.Into(*field)); break;
        default: break;
      }
      if (found_) return found_;
    }
    return std::nullopt;
  }

 private:
  // `nodes` counts those of the graph so far.
  void InGraph(FieldReader graph, int node_field, std::size_t& nodes) {
    while (const auto field = graph.Next()) {
      if (!field->Is(node_field, WireType::kBytes)) continue;
      if (left_-- == 0) {
        found_ = Describe(graph.Into(*field), nodes);
      } else {
        InNode(graph.Into(*field));
      }
      if (found_) return;
      ++nodes;
    }
  }

  void InTraining(FieldReader training) {
    while (const auto field = training.Next()) {
      const bool is_graph =
          field->Is(TrainingInfoProto::kInitializationFieldNumber, WireType::kBytes) ||
          field->Is(TrainingInfoProto::kAlgorithmFieldNumber, WireType::kBytes);
      std::size_t nodes = 0;
      if (is_graph) InGraph(training.Into(*field), GraphProto::kNodeFieldNumber, nodes);
      if (found_) return;
    }
  }

  void InNode(FieldReader node) {
    while (const auto field = node.Next()) {
      if (!field->Is(NodeProto::kAttributeFieldNumber, WireType::kBytes)) continue;
      InAttribute(node.Into(*field));
      if (found_) return;
    }
  }

  void InAttribute(FieldReader attribute) {
    while (const auto field = attribute.Next()) {
      const bool is_graph = field->Is(AttributeProto::kGFieldNumber, WireType::kBytes) ||
                            field->Is(AttributeProto::kGraphsFieldNumber, WireType::kBytes);
      std::size_t nodes = 0;
      if (is_graph) InGraph(attribute.Into(*field), GraphProto::kNodeFieldNumber, nodes);
      if (found_) return;
    }
  }

  static std::string Describe(FieldReader node, std::size_t number) {
    std::string op_type;
    std::string output;
    while (const auto field = node.Next()) {
      if (field->Is(NodeProto::kOpTypeFieldNumber, WireType::kBytes)) {
        op_type = node.NameIn(*field);
      } else if (field->Is(NodeProto::kOutputFieldNumber, WireType::kBytes) && output.empty()) {
        output = node.NameIn(*field);
      }
    }
    std::string text = "node " + std::to_string(number) + " (" + op_type;
    if (!output.empty()) text += ", makes '" + output + "'";
    return text + ")";
  }

  std::size_t left_;
  std::size_t main_nodes_ = 0;
  std::optional<std::string> found_;
};

}  // namespace

std::string DescribeNode(const InputFile& file, std::size_t node) {
  ByteReader bytes(file);
  const auto found = NodeSearch(node).InModel(FieldReader(bytes, {0, file.size()}, 0));
  return found.value_or("node " + std::to_string(node));
}

}  // namespace polyak::onnx_format
