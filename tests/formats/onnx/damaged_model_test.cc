// Damaged models: opened or refused, never a crash. Protocol Buffers' own parser is the oracle
// for what must not be refused.
#include <gtest/gtest.h>

#include <random>

#include "formats/onnx/onnx_format.h"
#include "opened_model.h"

namespace polyak {
namespace {

// Reads every tensor that says it can be read.
void ReadAll(const test::OpenedModel& model) {
  for (std::size_t t = 0; t < model->tensors().size(); ++t) {
    const TensorInfo& tensor = model->tensors()[t];
    if (!tensor.unreadable.empty()) continue;
    std::vector<std::byte> elements(tensor.bytes());
    model->Read(t, RangeBox(0, tensor.elements), elements);
  }
}

std::string Model() {
  onnx::ModelProto model = test::EmptyModel();
  const std::vector<float> values = {1, 2, 3, 4};
  onnx::GraphProto& graph = *model.mutable_graph();
  *graph.add_initializer() = test::FloatTensor("w", {2, 2}, values);
  onnx::TensorProto* ints = graph.add_initializer();
  ints->set_name("i");
  ints->set_data_type(onnx::TensorProto::INT64);
  ints->add_dims(3);
  for (const std::int64_t value : {1, -1, 1000}) ints->add_int64_data(value);
  test::AddConstant(graph, test::FloatTensor("c", {4}, values));
  onnx::NodeProto* node = graph.add_node();
  node->set_op_type("If");
  node->add_output("y");
  onnx::AttributeProto* branch = node->add_attribute();
  branch->set_name("then_branch");
  *branch->mutable_g()->add_initializer() = test::FloatTensor("w", {2, 2}, values);
  return model.SerializeAsString();
}

TEST(DamagedModel, CutOffAnywhereIsRefusedOrRead) {
  const std::string whole = Model();
  std::size_t refused = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    try {
      ReadAll(test::OpenedModel(whole.substr(0, length)));
    } catch (const Error& error) {
      ++refused;
      EXPECT_NE(std::string(error.what()).find("m.onnx: "), std::string::npos);
    }
  }
  // Only a cut between two fields of the model itself leaves something that reads as a model.
  EXPECT_GE(refused, whole.size() - 8);
}

TEST(DamagedModel, WithAnyByteChangedIsRefusedOrRead) {
  const std::string whole = Model();
  std::mt19937 random(3);
  for (int round = 0; round < 4000; ++round) {
    std::string damaged = whole;
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    try {
      ReadAll(test::OpenedModel(damaged));
    } catch (const Error&) {
      continue;
    }
  }
}

TEST(DamagedModel, WithManyEmptyTensorsStaysInTheBudget) {
  // Four bytes each on disk, some hundred in an index.
  std::string initializers;
  for (int i = 0; i < 1000000; ++i) initializers += std::string("\x2a\2\x08\0", 4);
  std::string model = "\x08\x07\x3a";
  std::size_t length = initializers.size();
  for (; length >= 0x80; length >>= 7) model += static_cast<char>((length & 0x7f) | 0x80);
  model += static_cast<char>(length);
  model += initializers;
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "m.onnx", model);
  OpenContext context;
  context.index_budget = IndexBudget(std::uint64_t{16} << 20);
  try {
    OpenCheckpoint(folder / "m.onnx", context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("doesn't fit the memory budget"), std::string::npos)
        << error.what();
  }
}

// A field with its tag and length.
std::string Wrap(char tag, const std::string& content) {
  std::string bytes(1, tag);
  std::size_t length = content.size();
  for (; length >= 0x80; length >>= 7) bytes += static_cast<char>((length & 0x7f) | 0x80);
  return bytes + static_cast<char>(length) + content;
}

TEST(DamagedModel, WithAnAttributeOfManyTensorsIsRefused) {
  std::string tensors;
  for (int i = 0; i < 70000; ++i) tensors += std::string("\x52\0", 2);
  const std::string node = Wrap(0x0a, Wrap(0x2a, tensors));
  EXPECT_NE(test::OpeningError("\x08\x07" + Wrap(0x3a, node)).find("too many values"),
            std::string::npos);
}

TEST(DamagedModel, WithPathsFarLongerThanItselfStaysInTheBudget) {
  std::string graph;
  for (int i = 0; i < 100000; ++i) {
    graph += Wrap(0x2a, std::string("\x08\0\x10\x01", 4) + Wrap(0x42, std::to_string(i)));
  }
  const std::string node = Wrap(0x12, std::string(16000, 'n')) + Wrap(0x2a, Wrap(0x32, graph));
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "m.onnx", "\x08\x07" + Wrap(0x3a, Wrap(0x0a, node)));
  OpenContext context;
  context.index_budget = IndexBudget(std::uint64_t{1} << 20);
  EXPECT_THROW(OpenCheckpoint(folder / "m.onnx", context), Error);
  EXPECT_LT(context.index_budget.used_bytes(), std::uint64_t{17} << 20) << "it went on counting";
}

TEST(DamagedModel, StopsBeingReadWhenAsked) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "m.onnx", Model());
  const std::atomic<bool> stop = true;
  OpenContext context;
  context.stop = &stop;
  try {
    OpenCheckpoint(folder / "m.onnx", context);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
}

TEST(DamagedModel, NestedWithoutEndIsRefused) {
  // graph { node { attribute { g { node { … } } } } }, each length right.
  std::string graph;
  for (int depth = 0; depth < 200; ++depth) {
    graph = Wrap(0x0a, Wrap(0x2a, Wrap(0x32, graph)));
    if (depth == 199) {
      EXPECT_NE(test::OpeningError("\x08\x07" + Wrap(0x3a, graph)).find("nested more than 100"),
                std::string::npos);
    }
  }
}

}  // namespace
}  // namespace polyak
