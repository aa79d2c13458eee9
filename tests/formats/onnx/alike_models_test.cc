// Of models that are alike only the first is indexed: nobody can tell by what comes of it.
#include <gmock/gmock.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "formats/onnx/onnx_checkpoint.h"
#include "formats/registry.h"
#include "support/files.h"
#include "support/onnx_builder.h"

namespace polyak {
namespace {

constexpr std::array<float, 2> kValues = {1, 2};

// An initializer, a Constant, a single float, a subgraph, a function, metadata, a record.
onnx::ModelProto Sample() {
  onnx::ModelProto model = test::EmptyModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  *graph.add_initializer() = test::FloatTensor("w", {2}, kValues);
  test::AddConstant(graph, test::FloatTensor("c", {2}, kValues));
  onnx::NodeProto* number = graph.add_node();
  number->set_op_type("Constant");
  number->add_output("n");
  onnx::AttributeProto* value = number->add_attribute();
  value->set_name("value_float");
  value->set_type(onnx::AttributeProto::FLOAT);
  value->set_f(3);
  onnx::NodeProto* choice = graph.add_node();
  choice->set_op_type("If");
  choice->add_input("w");
  choice->add_output("y");
  onnx::AttributeProto* branch = choice->add_attribute();
  branch->set_name("then_branch");
  *branch->mutable_g()->add_initializer() = test::FloatTensor("v", {2}, kValues);
  onnx::FunctionProto* function = model.add_functions();
  function->set_name("F");
  function->add_node()->set_op_type("Relu");
  onnx::StringStringEntryProto* record = model.add_metadata_props();
  record->set_key("polyak");
  record->set_value("{}");
  model.set_producer_name("p");
  return model;
}

std::string TextOf(std::span<const std::uint64_t> numbers) {
  std::string text;
  for (const std::uint64_t number : numbers) text += std::to_string(number) + " ";
  return text;
}

std::string TensorText(const Checkpoint& checkpoint, std::size_t t) {
  const TensorInfo& info = checkpoint.tensors()[t];
  std::string elements(info.unreadable.empty() ? info.bytes() : 0, '\0');
  if (!elements.empty()) {
    checkpoint.Read(t, RangeBox(0, info.elements), std::as_writable_bytes(std::span(elements)));
  }
  return info.name + " " + std::string(NameOf(info.dtype)) + TextOf(info.shape) +
         std::string(NameOf(info.role)) + " " + std::string(info.use) + " " + info.storage + " " +
         info.unreadable + " " + std::to_string(checkpoint.PayloadId(t)) + " " + elements + "\n";
}

// All that a checkpoint says of itself, or why it can't be opened.
std::string DescriptionOf(const std::filesystem::path& path, OpenContext context) {
  try {
    const auto checkpoint = OpenCheckpoint(path, context).checkpoint;
    std::string text(checkpoint->provenance());
    for (const Property& property : checkpoint->properties()) {
      text += property.name + "=" + property.value + "\n";
    }
    for (const std::string& warning : checkpoint->warnings()) text += warning + "\n";
    for (std::size_t t = 0; t < checkpoint->tensors().size(); ++t) {
      text += TensorText(*checkpoint, t);
    }
    text += TextOf(checkpoint->graph()->node_hashes);
    for (const std::uint32_t t : checkpoint->graph()->tensors_by_use) text += std::to_string(t);
    return text + " " + std::to_string(context.index_budget.file_bytes()) + " " +
           std::to_string(context.index_budget.most_file_bytes());
  } catch (const Error& error) {
    return error.what();
  }
}

class AlikeModels : public ::testing::Test {
 protected:
  std::filesystem::path Write(const std::string& name, const std::string& bytes) const {
    test::WriteFile(folder_ / name, bytes);
    return folder_ / name;
  }

  test::TemporaryFolder folder_;
  OpenContext context_;
};

// Lists of tensors are shared by all formats: that of payloads only where the second wasn't
// indexed.
TEST_F(AlikeModels, ShareWhatIsKnownOfTheFirst) {
  const std::string bytes = Sample().SerializeAsString();
  const auto first = OpenCheckpoint(Write("a.onnx", bytes), context_).checkpoint;
  const auto second = OpenCheckpoint(Write("b.onnx", bytes), context_).checkpoint;
  EXPECT_EQ(second->tensors().data(), first->tensors().data());
  EXPECT_EQ(second->path(), folder_ / "b.onnx");
  const auto structure = dynamic_cast<const onnx_format::OnnxCheckpoint&>(*first).Structure();
  const auto same = dynamic_cast<const onnx_format::OnnxCheckpoint&>(*second).Structure();
  ASSERT_TRUE(structure && same);
  EXPECT_EQ(same->payloads, structure->payloads);
}

TEST_F(AlikeModels, AreWhatTheyWouldBeAloneWhateverByteIsAnother) {
  const std::string bytes = Sample().SerializeAsString();
  const std::filesystem::path first = Write("a.onnx", bytes);
  OpenContext one = context_.ForOneFile();
  const auto kept = OpenCheckpoint(first, one).checkpoint;
  int opened = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned flipped : {1U, 2U, 8U, 0x80U}) {
      std::string other = bytes;
      other[at] = static_cast<char>(static_cast<unsigned char>(other[at]) ^ flipped);
      const std::filesystem::path path = Write("b.onnx", other);
      const std::string alone = DescriptionOf(path, OpenContext());
      EXPECT_EQ(DescriptionOf(path, context_.ForOneFile()), alone) << "byte " << at;
      opened += alone.starts_with(path.string()) ? 0 : 1;
    }
  }
  EXPECT_GT(opened, static_cast<int>(bytes.size()));  // else little was compared
}

TEST_F(AlikeModels, MayBeginWithOneThatCantBeOpened) {
  const std::string bytes = Sample().SerializeAsString();
  std::string bad = bytes;

  bad[bad.find("then_branch") - 1] = '\x7f';  // a name that passes its node's end
  Write("bad.onnx", bad);
  EXPECT_THROW(OpenCheckpoint(folder_ / "bad.onnx", context_), Error);
  const std::filesystem::path good = Write("good.onnx", bytes);
  EXPECT_EQ(DescriptionOf(good, context_.ForOneFile()), DescriptionOf(good, OpenContext()));
}

// Values that are varints, and files beside the model, say something of their own.
TEST_F(AlikeModels, AreNoneWhereNumbersDecideWhereTheyLie) {
  onnx::ModelProto model = test::EmptyModel();
  onnx::TensorProto* half = model.mutable_graph()->add_initializer();
  half->set_name("h");
  half->add_dims(2);
  half->set_data_type(onnx::TensorProto::FLOAT16);
  half->add_int32_data(0x3c00);
  half->add_int32_data(5);
  const std::filesystem::path first = Write("a.onnx", model.SerializeAsString());
  half->set_int32_data(0, 5);
  half->set_int32_data(1, 0x3c00);
  const std::filesystem::path second = Write("b.onnx", model.SerializeAsString());
  ASSERT_EQ(std::filesystem::file_size(first), std::filesystem::file_size(second));
  DescriptionOf(first, context_.ForOneFile());
  EXPECT_EQ(DescriptionOf(second, context_.ForOneFile()), DescriptionOf(second, OpenContext()));
}

TEST_F(AlikeModels, AreOpenedOnAnyThread) {
  const std::string bytes = Sample().SerializeAsString();
  constexpr std::size_t kModels = 16;
  std::vector<std::string> descriptions(kModels);
  {
    std::vector<std::jthread> threads;
    for (std::size_t k = 0; k < kModels; ++k) {
      const std::filesystem::path path = Write(std::to_string(k) + ".onnx", bytes);
      threads.emplace_back(
          [&, k, path] { descriptions[k] = DescriptionOf(path, context_.ForOneFile()); });
    }
  }
  const std::string alone = DescriptionOf(folder_ / "0.onnx", OpenContext());
  EXPECT_THAT(descriptions, ::testing::Each(alone));
}

}  // namespace
}  // namespace polyak
