#include "formats/onnx/model_properties.h"

#include <gmock/gmock.h>

#include <utility>

#include "opened_model.h"

namespace polyak {
namespace {

using test::OpenedModel;
using test::OpeningError;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::pair<std::string, std::string>> PropertiesOf(const onnx::ModelProto& model) {
  const OpenedModel opened(model);
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [name, value] : opened->properties()) found.emplace_back(name, value);
  return found;
}

onnx::ModelProto BareModel() {
  onnx::ModelProto model;
  model.mutable_graph()->set_name("g");
  return model;
}

void AddOpset(onnx::ModelProto& model, const std::string& domain, std::int64_t version) {
  onnx::OperatorSetIdProto* opset = model.add_opset_import();
  opset->set_domain(domain);
  opset->set_version(version);
}

TEST(ModelProperties, SayWhatTheModelSaysOfItself) {
  onnx::ModelProto model = BareModel();
  model.set_ir_version(8);
  model.set_producer_name("pytorch");
  model.set_producer_version("2.1");
  model.set_model_version(4);
  model.set_domain("com.example");
  model.set_doc_string("a long story");
  AddOpset(model, "ai.onnx.ml", 3);
  AddOpset(model, "", 17);
  model.add_functions()->set_name("f");
  model.add_functions()->set_name("g");
  EXPECT_THAT(PropertiesOf(model),
              ElementsAre(Pair("ir_version", "8"), Pair("opset", "17; ai.onnx.ml 3"),
                          Pair("producer", "pytorch 2.1"), Pair("model_version", "4"),
                          Pair("domain", "com.example"), Pair("functions", "2")));
}

TEST(ModelProperties, LeaveOutWhatTheModelDoesNotSay) {
  onnx::ModelProto model = BareModel();
  EXPECT_THAT(PropertiesOf(model), IsEmpty());
  AddOpset(model, "ai.onnx", 12);  // another way to write ""
  model.set_producer_name("tf2onnx");
  EXPECT_THAT(PropertiesOf(model), ElementsAre(Pair("opset", "12"), Pair("producer", "tf2onnx")));
}

TEST(ModelProperties, AreThoseThatComeLastWhereThereAreSeveral) {
  onnx::ModelProto first = BareModel();
  first.set_producer_name("one");
  AddOpset(first, "", 7);
  onnx::ModelProto second;
  second.set_producer_name("two");
  AddOpset(second, "x", 1);
  const OpenedModel opened(first.SerializeAsString() + second.SerializeAsString());
  ASSERT_EQ(opened->properties().size(), 2U);
  EXPECT_EQ(opened->properties()[0].value, "7; x 1");
  EXPECT_EQ(opened->properties()[1].value, "two");
}

TEST(ModelProperties, AreCutWhereTheyAreLong) {
  onnx::ModelProto model = BareModel();
  model.set_producer_name(std::string(100000, 'p'));
  for (int i = 0; i < 1000; ++i) AddOpset(model, std::string(1000, 'd'), i);
  const auto found = PropertiesOf(model);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_LT(found[0].second.size(), 8192U);
  EXPECT_TRUE(found[0].second.ends_with("ddd... 31; ..."));
  EXPECT_EQ(found[1].second, std::string(128, 'p') + "...");
}

TEST(ModelProperties, AreNotReadFromADamagedOpset) {
  // opset_import of two bytes: a domain of nine.
  const std::string damaged = BareModel().SerializeAsString() + std::string("\x42\x02\x0a\x09", 4);
  EXPECT_NE(OpeningError(damaged), "");
}

}  // namespace
}  // namespace polyak
