// float16 and bfloat16 in int32_data: what an output has for them, against Protocol Buffers' own
// writer.
#include <gmock/gmock.h>

#include <numeric>

#include "opened_model.h"
#include "support/output_writer.h"

namespace polyak {
namespace {

using onnx::TensorProto;
using test::BytesOf;
using test::OpenedModel;
using Bits = std::vector<std::uint16_t>;

TensorProto Half(const std::string& name, const Bits& bits) {
  TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::FLOAT16);
  tensor.add_dims(static_cast<std::int64_t>(bits.size()));
  for (const std::uint16_t value : bits) tensor.add_int32_data(value);
  return tensor;
}

std::string Replaced(const OpenedModel& model, const test::NewElements& elements,
                     const std::string& provenance = "") {
  const test::TemporaryFolder folder;
  test::WriteOutput(*model, {.path = folder / "out", .provenance = provenance}, elements);
  EXPECT_EQ(folder.Names(), std::vector<std::string>{"out"});
  return test::ReadFile(folder / "out");
}

// A model with a tensor in the main graph and one two subgraphs down, and much around them.
onnx::ModelProto Nested(const Bits& outer, const Bits& inner) {
  onnx::ModelProto model = test::EmptyModel();
  const std::vector<float> values(10, 1.5F);
  *model.mutable_graph()->add_initializer() = test::FloatTensor("before", {10}, values);
  *model.mutable_graph()->add_initializer() = Half("outer", outer);
  onnx::GraphProto* graph = model.mutable_graph();
  for (const char* const name : {"a", "b"}) {
    onnx::NodeProto* node = graph->add_node();
    node->set_op_type("If");
    node->add_output(name);
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name("then_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    graph = attribute->mutable_g();
  }
  *graph->add_initializer() = Half("inner", inner);
  *graph->add_initializer() = test::FloatTensor("after", {10}, values);
  return model;
}

std::size_t Find(const OpenedModel& model, const std::string& name) {
  const std::vector<std::string> names = model.Names();
  return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
}

// Values of one to three bytes as varints.
Bits Some(std::size_t count, std::uint32_t seed) {
  Bits bits(count);
  for (std::uint16_t& value : bits) {
    seed = seed * 1664525 + 1013904223;
    value = static_cast<std::uint16_t>(seed >> 16 >> (seed % 16));
  }
  return bits;
}

TEST(VarintOutput, IsWhatProtocolBuffersWouldWriteWhateverTheLengths) {
  for (const std::size_t count : {1U, 3U, 40U, 63U, 64U, 120U, 5000U, 8200U, 20000U}) {
    const Bits outer = Some(count, 1);
    const Bits inner = Some(count / 2 + 1, 2);
    for (const Bits& replacement :
         {Bits(count, 0), Bits(count, 127), Bits(count, 128), Bits(count, 16384), Some(count, 3)}) {
      const OpenedModel model(Nested(outer, inner));
      const std::size_t tensor = Find(model, "outer");
      EXPECT_EQ(Replaced(model, {{tensor, BytesOf(replacement)}}),
                Nested(replacement, inner).SerializeAsString())
          << count << " elements";
    }
    const OpenedModel model(Nested(outer, inner));
    EXPECT_EQ(Replaced(model, {{Find(model, "a/then_branch/b/then_branch/inner"),
                                BytesOf(Bits(inner.size(), 65535))},
                               {Find(model, "outer"), BytesOf(Bits(count, 1))},
                               {Find(model, "before"), BytesOf(std::vector<float>(10, -3))}}),
              [&] {
                onnx::ModelProto expected = Nested(Bits(count, 1), Bits(inner.size(), 65535));
                *expected.mutable_graph()->mutable_initializer(0) =
                    test::FloatTensor("before", {10}, std::vector<float>(10, -3));
                return expected.SerializeAsString();
              }());
  }
}

TEST(VarintOutput, TakesTheProvenanceRecordToo) {
  const OpenedModel model(Nested(Some(100, 1), Some(9, 2)));
  onnx::ModelProto expected = Nested(Bits(100, 300), Some(9, 2));
  onnx::StringStringEntryProto* const entry = expected.add_metadata_props();
  entry->set_key("polyak");
  entry->set_value("record");
  EXPECT_EQ(Replaced(model, {{Find(model, "outer"), BytesOf(Bits(100, 300))}}, "record"),
            expected.SerializeAsString());
}

// int32_data { 1, 2 as five bytes } packed, then 3 and 4 unpacked, the tag of 4 in two bytes.
std::string OddTensor(const std::string& values) {
  TensorProto head = Half("odd", {});
  head.clear_dims();
  head.add_dims(4);
  return head.SerializeAsString() + values;
}

std::string ModelOf(const std::string& tensor) {
  const auto field = [](int number, const std::string& content) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(content.size())} +
           content;
  };
  return "\x08\x07" + field(onnx::ModelProto::kGraphFieldNumber,
                            field(onnx::GraphProto::kInitializerFieldNumber, tensor));
}

TEST(VarintOutput, KeepsTheBytesOfElementsThatStayAndShortensTheOthers) {
  using namespace std::string_literals;
  const OpenedModel model(ModelOf(OddTensor("\x2a\x06\x01\x82\x80\x80\x80\0\x28\x03\xa8\0\x04"s)));
  EXPECT_EQ(Replaced(model, {{0, BytesOf(Bits{1, 2, 3, 4})}}),
            ModelOf(OddTensor("\x2a\x06\x01\x82\x80\x80\x80\0\x28\x03\xa8\0\x04"s)));
  EXPECT_EQ(Replaced(model, {{0, BytesOf(Bits{1, 5, 300, 4})}}),
            ModelOf(OddTensor("\x2a\x02\x01\x05\x28\xac\x02\xa8\0\x04"s)));
  EXPECT_EQ(Replaced(model, {{0, BytesOf(Bits{1, 2, 3, 5})}}),
            ModelOf(OddTensor("\x2a\x06\x01\x82\x80\x80\x80\0\x28\x03\xa8\0\x05"s)));
}

// Where there were varints of two bytes, there are now twice as many of one.
TEST(VarintOutput, RefusesAModelThatWasChangedMeanwhile) {
  const test::TemporaryFolder folder;
  const Bits bits(20000, 128);
  onnx::ModelProto model = test::EmptyModel();
  *model.mutable_graph()->add_initializer() = Half("w", bits);
  std::string bytes = model.SerializeAsString();
  test::WriteFile(folder / "m.onnx", bytes);
  OpenContext context;
  const auto opened = OpenCheckpoint(folder / "m.onnx", context).checkpoint;
  for (std::size_t at = bytes.find("\x80\x01"); at + 1 < bytes.size(); at += 2) {
    if (bytes[at] == '\x80') bytes[at] = 1;
  }
  test::WriteFile(folder / "m.onnx", bytes);
  try {
    test::WriteOutput(*opened, {.path = folder / "out"}, {{0, BytesOf(bits)}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_THAT(error.what(),
                ::testing::ContainsRegex("m.onnx: [a-z]+: the file was changed while it was"));
  }
  EXPECT_EQ(folder.Names(), std::vector<std::string>{"m.onnx"});
}

}  // namespace
}  // namespace polyak
