#include "formats/onnx/model_index.h"

#include <gmock/gmock.h>

#include <array>

#include "opened_model.h"

namespace polyak {
namespace {

using test::OpenedModel;
using test::OpeningError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array<float, 2> kValues = {1, 2};
constexpr std::array<float, 1> kValue = {3};

onnx::NodeProto* AddIf(onnx::GraphProto& graph, const std::string& output) {
  onnx::NodeProto* node = graph.add_node();
  node->set_op_type("If");
  node->add_output(output);
  for (const char* name : {"then_branch", "else_branch"}) {
    onnx::AttributeProto* branch = node->add_attribute();
    branch->set_name(name);
    branch->set_type(onnx::AttributeProto::GRAPH);
    branch->mutable_g()->set_name("branch");
  }
  return node;
}

TEST(ModelIndex, FindsInitializersAndConstantsInTheOrderOfTheFile) {
  onnx::ModelProto model = test::EmptyModel();
  test::AddConstant(*model.mutable_graph(), test::FloatTensor("c", {2}, kValues));
  *model.mutable_graph()->add_initializer() = test::FloatTensor("w", {2, 1}, kValues);
  *model.mutable_graph()->add_initializer() = test::FloatTensor("b", {1}, kValue);
  const OpenedModel opened(model);
  EXPECT_THAT(opened.Names(), ElementsAre("c", "w", "b"));
  EXPECT_THAT(opened->tensors()[1].shape, ElementsAre(2, 1));
  EXPECT_EQ(opened->tensors()[1].dtype, DType::kFloat32);
  EXPECT_EQ(opened->tensors()[0].storage, "Constant, raw_data");
  EXPECT_THAT(opened.Elements<float>(0), ElementsAre(1, 2));
  EXPECT_THAT(opened.Elements<float>(2), ElementsAre(3));
}

TEST(ModelIndex, FindsTensorsInSubgraphsAtAnyDepthByAPath) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::NodeProto* outer = AddIf(*model.mutable_graph(), "y");
  onnx::GraphProto* then_branch = outer->mutable_attribute(0)->mutable_g();
  *then_branch->add_initializer() = test::FloatTensor("w", {2}, kValues);
  onnx::NodeProto* inner = AddIf(*then_branch, "z");
  test::AddConstant(*inner->mutable_attribute(1)->mutable_g(), test::FloatTensor("w", {1}, kValue));
  *model.mutable_graph()->add_initializer() = test::FloatTensor("w", {2}, kValues);
  const OpenedModel opened(model);
  EXPECT_THAT(opened.Names(), ::testing::UnorderedElementsAre("w", "y/then_branch/w",
                                                              "y/then_branch/z/else_branch/w"));
}

TEST(ModelIndex, FindsConstantsInFunctions) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::FunctionProto* function = model.add_functions();
  function->set_name("f");
  onnx::GraphProto holder;
  test::AddConstant(holder, test::FloatTensor("w", {2}, kValues));
  *function->add_node() = holder.node(0);
  EXPECT_THAT(OpenedModel(model).Names(), ElementsAre("f()/w"));
}

TEST(ModelIndex, GivesTheGraphTwiceAsOneGraph) {
  onnx::ModelProto first = test::EmptyModel();
  *first.mutable_graph()->add_initializer() = test::FloatTensor("a", {1}, kValue);
  onnx::ModelProto second;
  *second.mutable_graph()->add_initializer() = test::FloatTensor("b", {1}, kValue);
  EXPECT_THAT(OpenedModel(first.SerializeAsString() + second.SerializeAsString()).Names(),
              ElementsAre("a", "b"));
}

TEST(ModelIndex, FindsTensorsThatAreAttributes) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  test::AddConstant(graph, test::FloatTensor("filled", {1}, kValue));
  graph.mutable_node(0)->set_op_type("ConstantOfShape");
  onnx::NodeProto* node = graph.add_node();
  node->set_op_type("Constant");
  node->add_output("float");
  node->add_attribute()->set_name("value_float");
  node->mutable_attribute(0)->set_f(7);
  const OpenedModel opened(model);
  EXPECT_THAT(opened.Names(), ElementsAre("filled.value", "float"));
  EXPECT_EQ(opened->tensors()[0].role, Role::kConstant);
  EXPECT_EQ(opened->tensors()[1].role, Role::kParameter);
  EXPECT_THAT(opened.Elements<float>(1), ElementsAre(7));
}

TEST(ModelIndex, TakesTheFieldsOfANodeInAnyOrder) {
  onnx::NodeProto attribute_first;
  onnx::GraphProto holder;
  test::AddConstant(holder, test::FloatTensor("ignored", {2}, kValues));
  *attribute_first.add_attribute() = holder.node(0).attribute(0);
  onnx::NodeProto then_the_rest;
  then_the_rest.set_op_type("Constant");
  then_the_rest.add_output("late");
  const std::string node = attribute_first.SerializeAsString() + then_the_rest.SerializeAsString();
  const std::string graph = "\x0a" + std::string(1, static_cast<char>(node.size())) + node;
  EXPECT_THAT(
      OpenedModel("\x08\x07\x3a" + std::string(1, static_cast<char>(graph.size())) + graph).Names(),
      ElementsAre("late"));
}

TEST(ModelIndex, RefusesTwoTensorsOfOneName) {
  onnx::ModelProto model = test::EmptyModel();
  *model.mutable_graph()->add_initializer() = test::FloatTensor("w", {1}, kValue);
  *model.mutable_graph()->add_initializer() = test::FloatTensor("w", {1}, kValue);
  EXPECT_THAT(OpeningError(model), HasSubstr("w: two tensors have this name"));
}

TEST(ModelIndex, RefusesANulInAName) {
  onnx::ModelProto model = test::EmptyModel();
  *model.mutable_graph()->add_initializer() =
      test::FloatTensor(std::string("w\0x", 3), {1}, kValue);
  EXPECT_THAT(OpeningError(model), HasSubstr("NUL"));
}

TEST(ModelIndex, FindsTheValuesAndTheIndicesOfSparseTensors) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::SparseTensorProto* sparse = model.mutable_graph()->add_sparse_initializer();
  *sparse->mutable_values() = test::FloatTensor("s", {2}, kValues);
  *sparse->mutable_indices() =
      test::RawTensor("", onnx::TensorProto::INT64, {2}, std::string(16, '\1'));
  const OpenedModel opened(model);
  ASSERT_THAT(opened.Names(), ElementsAre("s", "s.indices", "s.dims"));
  EXPECT_EQ(opened->tensors()[0].role, Role::kParameter);
  EXPECT_EQ(opened->tensors()[1].role, Role::kConstant);
  EXPECT_THAT(opened.Elements<float>(0), ElementsAre(1, 2));
}

TEST(ModelIndex, ListsASparseTensorWithoutIndicesAsUnreadable) {
  onnx::ModelProto model = test::EmptyModel();
  *model.mutable_graph()->add_sparse_initializer()->mutable_values() =
      test::FloatTensor("s", {2}, kValues);
  const OpenedModel opened(model);
  ASSERT_THAT(opened.Names(), ElementsAre("s", "s.indices", "s.dims"));
  EXPECT_THAT(opened->tensors()[1].unreadable, HasSubstr("indices left out"));
}

TEST(ModelIndex, FindsOptimizerStateInTrainingGraphs) {
  onnx::ModelProto model = test::EmptyModel();
  model.add_training_info();
  onnx::TrainingInfoProto* info = model.add_training_info();
  *info->mutable_algorithm()->add_initializer() = test::FloatTensor("m", {2}, kValues);
  test::AddConstant(*info->mutable_initialization(), test::FloatTensor("i", {2}, kValues));
  const OpenedModel opened(model);
  EXPECT_THAT(opened.Names(),
              ElementsAre("training_info[1].initialization/i", "training_info[1].algorithm/m"));
  EXPECT_EQ(opened->tensors()[0].role, Role::kOptimizerState);
  EXPECT_EQ(opened->tensors()[1].role, Role::kOptimizerState);
}

TEST(ModelIndex, NamesFunctionsByDomainAndOverload) {
  constexpr const char* kOverload = "\x6a\x02v2";  // field 13
  onnx::ModelProto model = test::EmptyModel();
  onnx::FunctionProto* function = model.add_functions();
  function->set_name("f");
  function->set_domain("d");
  onnx::GraphProto holder;
  test::AddConstant(holder, test::FloatTensor("w", {2}, kValues));
  *function->add_node() = holder.node(0);
  EXPECT_THAT(OpenedModel(model).Names(), ElementsAre("d::f()/w"));
  onnx::FunctionProto overloaded;
  ASSERT_TRUE(overloaded.ParseFromString(function->SerializeAsString() + kOverload));
  *model.add_functions() = overloaded;
  EXPECT_THAT(OpenedModel(model).Names(), ElementsAre("d::f()/w", "d::f:v2()/w"));
}

TEST(ModelIndex, NumbersANodeWithoutOutputs) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  test::AddConstant(graph, test::FloatTensor("a", {1}, kValue));
  test::AddConstant(graph, test::FloatTensor("", {1}, kValue));
  test::AddConstant(graph, test::FloatTensor("", {1}, kValue));
  graph.mutable_node(2)->add_output("second");
  EXPECT_THAT(OpenedModel(model).Names(), ElementsAre("a", "node 1", "second"));
}

TEST(ModelIndex, ReadsLongListsOfFloatsPackedOrNot) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::NodeProto* node = model.mutable_graph()->add_node();
  node->set_op_type("SVMRegressor");
  node->set_domain("ai.onnx.ml");
  node->add_output("y");
  node->add_attribute()->set_name("rho");
  node->add_attribute()->set_name("kernel_params");
  node->mutable_attribute(1)->add_floats(3);
  std::vector<float> expected;
  for (int i = 0; i < 5000; ++i) expected.push_back(static_cast<float>(i));
  node->mutable_attribute(0)->mutable_floats()->Add(expected.begin(), expected.end());
  const OpenedModel opened(model);
  ASSERT_THAT(opened.Names(), ElementsAre("y.rho", "y.kernel_params"));
  EXPECT_EQ(opened->tensors()[0].role, Role::kParameter);
  EXPECT_EQ(opened->tensors()[1].role, Role::kConstant);
  EXPECT_THAT(opened.Elements<float>(0), ::testing::ElementsAreArray(expected));
}

}  // namespace
}  // namespace polyak
