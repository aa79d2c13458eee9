#include <gmock/gmock.h>

#include <array>

#include "formats/onnx/onnx_checkpoint.h"
#include "opened_model.h"
#include "support/output_writer.h"

namespace polyak {
namespace {

using test::OpenedModel;

constexpr std::array<float, 1> kValue = {3};

onnx::ModelProto Model() {
  onnx::ModelProto model = test::EmptyModel();
  *model.mutable_graph()->add_initializer() = test::FloatTensor("w", {1}, kValue);
  return model;
}

void AddProperty(onnx::ModelProto& model, const std::string& key, const std::string& value) {
  onnx::StringStringEntryProto* entry = model.add_metadata_props();
  entry->set_key(key);
  entry->set_value(value);
}

// A copy of the model with nothing replaced but the record.
std::string CopyWith(const OpenedModel& model, const std::string& record) {
  const test::TemporaryFolder folder;
  test::WriteOutput(*model, {.path = folder / "out", .provenance = record}, {});
  return test::ReadFile(folder / "out");
}

TEST(OnnxProvenance, IsAddedAtTheEndAndNothingElseChanges) {
  const std::string before = Model().SerializeAsString();
  const std::string after = CopyWith(OpenedModel(before), "the record");
  EXPECT_TRUE(after.starts_with(before));
  EXPECT_EQ(OpenedModel(after)->provenance(), "the record");
  onnx::ModelProto parsed;
  ASSERT_TRUE(parsed.ParseFromString(after));
  ASSERT_EQ(parsed.metadata_props_size(), 1);
  EXPECT_EQ(parsed.metadata_props(0).key(), "polyak");
}

TEST(OnnxProvenance, ReplacesOlderRecordsAndKeepsOtherProperties) {
  onnx::ModelProto model = Model();
  AddProperty(model, "polyak", "oldest");
  AddProperty(model, "author", "someone");
  AddProperty(model, "polyak", std::string(1000, 'o'));
  AddProperty(model, "polyak2", "not ours");
  const OpenedModel opened(model);
  EXPECT_EQ(opened->provenance(), std::string(1000, 'o'));
  onnx::ModelProto expected = Model();
  AddProperty(expected, "author", "someone");
  AddProperty(expected, "polyak", "new");
  AddProperty(expected, "polyak2", "not ours");
  EXPECT_EQ(CopyWith(opened, "new"), expected.SerializeAsString());
}

TEST(OnnxProvenance, LeftOutLeavesTheModelAsItIs) {
  onnx::ModelProto model = Model();
  AddProperty(model, "polyak", "old");
  EXPECT_EQ(CopyWith(OpenedModel(model), ""), model.SerializeAsString());
}

}  // namespace
}  // namespace polyak
