// The shape of graphs: what it sees, and what it doesn't.
#include "core/graph_shape.h"

#include <gmock/gmock.h>

#include <array>

#include "opened_model.h"

namespace polyak {
namespace {

using test::OpenedModel;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::array<float, 2> kValues = {1, 2};
constexpr std::array<float, 2> kOthers = {7, 9};

onnx::NodeProto* AddNode(onnx::GraphProto& graph, const std::string& op_type,
                         const std::vector<std::string>& inputs, const std::string& output) {
  onnx::NodeProto* node = graph.add_node();
  node->set_op_type(op_type);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return node;
}

// A constant, and a product in a branch that takes an outer weight.
onnx::ModelProto Sample() {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  test::AddConstant(graph, test::FloatTensor("c", {2}, kValues));
  AddNode(graph, "Add", {"x", "c"}, "a");
  onnx::AttributeProto* branch = AddNode(graph, "If", {"b"}, "y")->add_attribute();
  branch->set_name("then_branch");
  AddNode(*branch->mutable_g(), "Mul", {"a", "w"}, "m")->add_attribute()->set_name("fused");
  branch->mutable_g()->add_output()->set_name("m");
  *graph.add_initializer() = test::FloatTensor("w", {2}, kValues);
  return model;
}

onnx::NodeProto& InnerNode(onnx::ModelProto& model) {
  return *model.mutable_graph()->mutable_node(2)->mutable_attribute(0)->mutable_g()->mutable_node(
      0);
}

std::vector<std::uint64_t> HashesOf(const onnx::ModelProto& model) {
  return OpenedModel(model)->graph()->node_hashes;
}

TEST(GraphShape, HasANodePerNodeSubgraphsIncluded) { EXPECT_EQ(HashesOf(Sample()).size(), 4U); }

TEST(GraphShape, DoesNotSeeNamesDocStringsAndWeights) {
  onnx::ModelProto other = test::EmptyModel();
  onnx::GraphProto& graph = *other.mutable_graph();
  *graph.add_initializer() = test::FloatTensor("outer", {2}, kOthers);
  test::AddConstant(graph, test::FloatTensor("constant", {2}, kOthers));
  AddNode(graph, "Add", {"input", "constant"}, "sum")->set_doc_string("a sum");
  onnx::NodeProto* choice = AddNode(graph, "If", {"condition"}, "result");
  choice->set_name("choose");
  choice->set_domain("ai.onnx");
  onnx::AttributeProto* branch = choice->add_attribute();
  branch->set_name("then_branch");
  AddNode(*branch->mutable_g(), "Mul", {"sum", "outer"}, "p")->add_attribute()->set_name("fused");
  branch->mutable_g()->add_output()->set_name("p");
  EXPECT_EQ(HashesOf(other), HashesOf(Sample()));
}

TEST(GraphShape, SeesOperatorsAttributesAndWiring) {
  const auto changed = [](void (*change)(onnx::ModelProto&)) {
    onnx::ModelProto model = Sample();
    change(model);
    return HashesOf(model);
  };
  const auto sample = HashesOf(Sample());
  EXPECT_NE(changed([](auto& model) { InnerNode(model).set_op_type("Div"); }), sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).set_domain("d"); }), sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).mutable_attribute(0)->set_i(1); }), sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).mutable_attribute(0)->add_ints(1); }),
            sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).mutable_attribute(0)->set_f(1); }), sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).mutable_attribute(0)->set_s("s"); }),
            sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).mutable_attribute(0)->add_floats(0); }),
            sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).mutable_attribute(0)->set_name("n"); }),
            sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).set_input(0, "x"); }), sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).set_input(0, "w"); }), sample);
  EXPECT_NE(changed([](auto& model) { InnerNode(model).add_input(""); }), sample);
  EXPECT_NE(
      changed([](auto& model) {
        model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_t()->set_dims(0, 1);
        model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_t()->set_raw_data(
            std::string(4, '\0'));
      }),
      sample);
}

TEST(GraphShape, TellsAStoredInputFromAComputedOne) {
  onnx::ModelProto model = test::EmptyModel();
  AddNode(*model.mutable_graph(), "MatMul", {"x", "w"}, "y");
  *model.mutable_graph()->add_initializer() = test::FloatTensor("w", {2}, kValues);
  onnx::ModelProto swapped = model;
  swapped.mutable_graph()->mutable_node(0)->set_input(0, "w");
  swapped.mutable_graph()->mutable_node(0)->set_input(1, "x");
  EXPECT_NE(HashesOf(model), HashesOf(swapped));
}

TEST(GraphShape, TakesAttributesInAnyOrder) {
  onnx::ModelProto model = Sample();
  InnerNode(model).add_attribute()->set_name("other");
  onnx::ModelProto reordered = Sample();
  InnerNode(reordered).mutable_attribute(0)->set_name("other");
  InnerNode(reordered).add_attribute()->set_name("fused");
  EXPECT_EQ(HashesOf(model), HashesOf(reordered));
}

TEST(GraphShape, ListsTensorsByTheirFirstUse) {
  onnx::ModelProto model = Sample();
  *model.mutable_graph()->add_initializer() = test::FloatTensor("unused", {2}, kValues);
  model.mutable_graph()->mutable_initializer()->SwapElements(0, 1);
  const OpenedModel opened(model);
  ASSERT_THAT(opened.Names(), ElementsAre("c", "unused", "w"));
  EXPECT_THAT(opened->graph()->tensors_by_use, ElementsAre(0, 2));
}

TEST(GraphShape, PassesOverAnIdentityThatNamesATensorAgain) {
  onnx::ModelProto merged = test::EmptyModel();
  onnx::GraphProto& graph = *merged.mutable_graph();
  AddNode(graph, "Identity", {"a"}, "b");
  AddNode(graph, "Identity", {"b"}, "c");
  AddNode(graph, "Sum", {"a", "b", "c"}, "y");
  *graph.add_initializer() = test::FloatTensor("a", {2}, kValues);
  const OpenedModel opened(merged);
  const GraphShape& shape = *opened->graph();
  ASSERT_EQ(shape.node_hashes.size(), 3U);
  EXPECT_EQ(shape.node_hashes[0], 0U);
  EXPECT_EQ(shape.node_hashes[1], 0U);
  EXPECT_THAT(shape.tensors_by_use, ElementsAre(0, 0, 0));
  ASSERT_EQ(shape.aliases.size(), 2U);
  EXPECT_EQ(shape.aliases[1].name, "c");
  EXPECT_EQ(shape.aliases[1].tensor, 0U);

  onnx::ModelProto apart = test::EmptyModel();
  AddNode(*apart.mutable_graph(), "Sum", {"a", "b", "c"}, "y");
  for (const char* name : {"a", "b", "c"}) {
    *apart.mutable_graph()->add_initializer() = test::FloatTensor(name, {2}, kValues);
  }
  EXPECT_EQ(HashesOf(apart).back(), shape.node_hashes[2]);
}

TEST(GraphShape, CountsAnIdentityOfWhatIsComputed) {
  onnx::ModelProto model = test::EmptyModel();
  AddNode(*model.mutable_graph(), "Identity", {"x"}, "y");
  const OpenedModel opened(model);
  EXPECT_NE(opened->graph()->node_hashes[0], 0U);
  EXPECT_THAT(opened->graph()->aliases, IsEmpty());
}

TEST(GraphShape, IsSharedByCheckpointsOfOneRun) {
  const test::TemporaryFolder folder;
  onnx::ModelProto model = Sample();
  test::WriteModel(folder / "a.onnx", model);
  test::WriteModel(folder / "b.onnx", model);
  OpenContext context;
  const auto a = OpenCheckpoint(folder / "a.onnx", context).checkpoint;
  const std::uint64_t used_bytes = context.index_budget.used_bytes();
  const auto b = OpenCheckpoint(folder / "b.onnx", context).checkpoint;
  EXPECT_EQ(a->graph(), b->graph());
  EXPECT_LT(context.index_budget.used_bytes(), 2 * used_bytes);
}

TEST(DescribeNode, FindsItInSubgraphs) {
  const OpenedModel opened(Sample());
  EXPECT_EQ(opened->DescribeNode(1), "node 1 (Add, makes 'a')");
  EXPECT_EQ(opened->DescribeNode(2), "node 2 (If, makes 'y')");
  EXPECT_EQ(opened->DescribeNode(3), "node 0 (Mul, makes 'm')");
  EXPECT_EQ(opened->DescribeNode(4), "node 4");
}

}  // namespace
}  // namespace polyak
