// What tensors are for, over all rows of the operator table.
#include <gmock/gmock.h>

#include <array>

#include "opened_model.h"

namespace polyak {
namespace {

using test::OpenedModel;
using ::testing::ElementsAre;

constexpr std::array<float, 1> kOne = {1};

void AddNode(onnx::GraphProto& graph, const std::string& op_type,
             const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
             const std::string& domain = "") {
  onnx::NodeProto* node = graph.add_node();
  node->set_op_type(op_type);
  node->set_domain(domain);
  for (const std::string& input : inputs) node->add_input(input);
  for (const std::string& output : outputs) node->add_output(output);
}

void AddWeight(onnx::GraphProto& graph, const std::string& name) {
  *graph.add_initializer() = test::FloatTensor(name, {1}, kOne);
}

// "role: use" of a float in that slot of an operator; the other slots are not stored.
std::string RoleIn(const std::string& op_type, std::size_t slot, const std::string& domain = "") {
  onnx::ModelProto model = test::EmptyModel();
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < 10; ++i) inputs.push_back("x" + std::to_string(i));
  inputs[slot] = "w";
  AddNode(*model.mutable_graph(), op_type, inputs, {"y"}, domain);
  AddWeight(*model.mutable_graph(), "w");
  const OpenedModel opened(model);
  const TensorInfo& tensor = opened->tensors()[0];
  return std::string(NameOf(tensor.role)) + ": " + std::string(tensor.use);
}

std::vector<std::string> RolesOf(const onnx::ModelProto& model) {
  const OpenedModel opened(model);
  std::vector<std::string> roles;
  for (const TensorInfo& tensor : opened->tensors()) {
    roles.push_back(tensor.name + ": " + std::string(NameOf(tensor.role)));
  }
  return roles;
}

struct SlotCase {
  const char* op_type;
  std::size_t slot;
  const char* role;
  const char* domain = "";
};

TEST(GraphRoles, AreWhatTheOperatorsSlotSays) {
  constexpr const char* kMicrosoft = "com.microsoft";
  const SlotCase kCases[] = {
      {"BatchNormalization", 0, "parameter: "},
      {"BatchNormalization", 1, "parameter: normalization scale"},
      {"BatchNormalization", 2, "parameter: normalization bias"},
      {"BatchNormalization", 3, "running statistic: running mean"},
      {"BatchNormalization", 4, "running statistic: running variance"},
      {"Conv", 1, "parameter: convolution weight"},
      {"Conv", 2, "parameter: convolution bias"},
      {"ConvTranspose", 2, "parameter: convolution bias"},
      {"DeformConv", 2, "parameter: "},
      {"DeformConv", 3, "parameter: convolution bias"},
      {"FusedConv", 1, "parameter: convolution weight", kMicrosoft},
      {"Gemm", 2, "parameter: matrix bias"},
      {"MatMul", 0, "parameter: matrix weight"},
      {"MatMul", 1, "parameter: matrix weight", "ai.onnx"},
      {"Einsum", 2, "parameter: matrix weight"},
      {"GRU", 1, "parameter: recurrent weight"},
      {"RNN", 3, "parameter: recurrent bias"},
      {"LSTM", 4, "parameter: "},
      {"LSTM", 6, "parameter: initial state"},
      {"LSTM", 7, "parameter: peephole weight"},
      {"InstanceNormalization", 1, "parameter: normalization scale"},
      {"SkipLayerNormalization", 2, "parameter: normalization scale", kMicrosoft},
      {"SkipLayerNormalization", 3, "parameter: normalization bias", kMicrosoft},
      {"Gather", 0, "parameter: embedding"},
      {"PRelu", 1, "parameter: PRelu's slope"},
      {"Attention", 1, "parameter: attention weight", kMicrosoft},
      {"Attention", 1, "parameter: "},
      {"Clip", 1, "constant: Clip's bound"},
      {"Clip", 2, "constant: Clip's bound"},
      {"Clip", 1, "parameter: ", "of.somebody"},
      {"Pow", 0, "parameter: "},
      {"Pow", 1, "constant: Pow's exponent"},
      {"Resize", 1, "constant: Resize's setting"},
      {"Upsample", 1, "constant: Resize's setting"},
      {"Pad", 2, "constant: Pad's value"},
      {"Range", 1, "constant: Range's bound"},
      {"OneHot", 2, "constant: OneHot's values"},
      {"Dropout", 1, "constant: Dropout's ratio"},
      {"NonMaxSuppression", 4, "constant: NonMaxSuppression's threshold"},
      {"LessOrEqual", 0, "constant: a comparison's operand"},
      {"MelWeightMatrix", 3, "constant: MelWeightMatrix's setting"},
      {"STFT", 2, "constant: STFT's window"},
      {"SoftmaxCrossEntropyLoss", 2, "constant: a loss's weights"},
      {"Mul", 1, "parameter: "},
      {"NobodyKnows", 0, "parameter: "},
      {"DequantizeLinear", 0, "quantized: DequantizeLinear"},
      {"QuantizeLinear", 1, "quantized: QuantizeLinear"},
      {"MatMulNBits", 2, "quantized: MatMulNBits", kMicrosoft},
      {"QLinearLeakyRelu", 1, "quantized: a quantized operator", kMicrosoft},
  };
  for (const SlotCase& slot : kCases) {
    EXPECT_EQ(RoleIn(slot.op_type, slot.slot, slot.domain), slot.role)
        << slot.op_type << ' ' << slot.slot << ' ' << slot.domain;
  }
}

TEST(GraphRoles, OfAFloatThatNothingTakesIsAParameter) {
  onnx::ModelProto model = test::EmptyModel();
  AddWeight(*model.mutable_graph(), "w");
  *model.mutable_graph()->add_initializer() =
      test::RawTensor("i", onnx::TensorProto::INT32, {1}, std::string(4, '\0'));
  EXPECT_THAT(RolesOf(model), ElementsAre("w: parameter", "i: other"));
}

TEST(GraphRoles, OfAnEightBitFloatIsAParameterWhoeverTakesIt) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::TensorProto tensor = test::RawTensor("f8", onnx::TensorProto::INT8, {1}, "x");
  tensor.set_data_type(17);
  *model.mutable_graph()->add_initializer() = tensor;
  EXPECT_THAT(RolesOf(model), ElementsAre("f8: parameter"));
}

TEST(GraphRoles, OfASettingThatSomethingElseTakesIsAParameter) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  AddNode(graph, "Clip", {"x", "w", "v"}, {"a"});
  AddNode(graph, "Mul", {"a", "w"}, {"b"});
  AddNode(graph, "Pow", {"b", "v"}, {"y"});
  AddWeight(graph, "w");
  AddWeight(graph, "v");
  EXPECT_THAT(RolesOf(model), ElementsAre("w: parameter", "v: constant"));
}

TEST(GraphRoles, OfTwoLearnedUsesAreTheFirst) {
  onnx::ModelProto model = test::EmptyModel();
  AddNode(*model.mutable_graph(), "Conv", {"x", "w", "w"}, {"a"});
  AddNode(*model.mutable_graph(), "BatchNormalization", {"a", "s", "b", "w", "v"}, {"y"});
  AddWeight(*model.mutable_graph(), "w");
  EXPECT_EQ(OpenedModel(model)->tensors()[0].use, "convolution weight");
}

TEST(GraphRoles, OfASettingThatTheGraphGivesAwayIsAParameter) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  AddNode(graph, "Clip", {"x", "w"}, {"y"});
  AddWeight(graph, "w");
  graph.add_output()->set_name("w");
  EXPECT_THAT(RolesOf(model), ElementsAre("w: parameter"));
}

TEST(GraphRoles, FollowThePathOfAnEpsilon) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  AddNode(graph, "Cast", {"e"}, {"e32"});
  AddNode(graph, "Add", {"e32", "variance"}, {"sum"});
  AddNode(graph, "Cast", {"sum"}, {"sum32"});
  AddNode(graph, "Sqrt", {"sum32"}, {"y"});
  AddWeight(graph, "e");
  EXPECT_THAT(RolesOf(model), ElementsAre("e: constant"));
  // A variance that is stored could as well be the learned one of the two.
  AddWeight(graph, "variance");
  EXPECT_THAT(RolesOf(model), ElementsAre("e: parameter", "variance: parameter"));
}

TEST(GraphRoles, TakeOnlyOneElementForAnEpsilon) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  AddNode(graph, "Add", {"x", "w"}, {"sum"});
  AddNode(graph, "Sqrt", {"sum"}, {"y"});
  constexpr std::array<float, 2> kTwo = {1, 2};
  *graph.add_initializer() = test::FloatTensor("w", {2}, kTwo);
  EXPECT_THAT(RolesOf(model), ElementsAre("w: parameter"));
}

TEST(GraphRoles, TellAnInnerTensorFromAnOuterOneOfItsName) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  AddWeight(graph, "w");
  AddNode(graph, "If", {"c"}, {"y"});
  onnx::AttributeProto* branch = graph.mutable_node(0)->add_attribute();
  branch->set_name("then_branch");
  AddNode(*branch->mutable_g(), "Clip", {"x", "w"}, {"z"});
  AddWeight(*branch->mutable_g(), "w");
  EXPECT_THAT(RolesOf(model), ElementsAre("y/then_branch/w: constant", "w: parameter"));
}

TEST(GraphRoles, OfATrainingGraphSayNothingAgainstTheModels) {
  onnx::ModelProto model = test::EmptyModel();
  AddNode(*model.mutable_graph(), "Conv", {"x", "w"}, {"y"});
  AddWeight(*model.mutable_graph(), "w");
  AddNode(*model.add_training_info()->mutable_algorithm(), "Sub", {"w", "g"}, {"n"});
  EXPECT_EQ(OpenedModel(model)->tensors()[0].use, "convolution weight");
}

TEST(GraphRoles, LookIntoAFunctionThatTakesTheTensor) {
  onnx::ModelProto model = test::EmptyModel();
  AddNode(*model.mutable_graph(), "f", {"x", "v", "e", "u"}, {"y"}, "d");
  AddNode(*model.mutable_graph(), "f", {"y", "v", "e", "u"}, {"z"}, "other");
  for (const char* name : {"v", "e", "u"}) AddWeight(*model.mutable_graph(), name);
  *model.mutable_graph()->mutable_node(1)->mutable_input(2) = "x";
  onnx::FunctionProto* function = model.add_functions();
  function->set_name("f");
  function->set_domain("d");
  for (const char* name : {"a", "b", "c", "d"}) function->add_input(name);
  onnx::GraphProto holder;
  AddNode(holder, "Conv", {"a", "b"}, {"y"});
  AddNode(holder, "Pow", {"y", "c"}, {"z"});
  AddNode(holder, "Mul", {"z", "d"}, {"o"});
  *function->mutable_node() = holder.node();
  const OpenedModel opened(model);
  EXPECT_EQ(opened->tensors()[0].use, "convolution weight");
  EXPECT_EQ(opened->tensors()[1].use, "Pow's exponent");
  EXPECT_EQ(opened->tensors()[2].role, Role::kParameter);
}

TEST(GraphRoles, DoNotLookOutOfAFunction) {
  onnx::ModelProto model = test::EmptyModel();
  AddWeight(*model.mutable_graph(), "w");
  onnx::FunctionProto* function = model.add_functions();
  function->set_name("f");
  function->add_input("x");
  onnx::GraphProto holder;
  AddNode(holder, "Clip", {"x", "w"}, {"y"});
  *function->add_node() = holder.node(0);
  EXPECT_THAT(RolesOf(model), ElementsAre("w: parameter"));
}

}  // namespace
}  // namespace polyak
