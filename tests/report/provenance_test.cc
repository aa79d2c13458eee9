#include "report/provenance.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace polyak {
namespace {

Report TwoInputs() {
  Report report;
  report.version = "1.2.3";
  report.method = "ema";
  report.options = {{"decay", 0.1}};
  report.inputs = {{.path = "/secret/folder/a.onnx",
                    .file_bytes = 100,
                    .weight = 0,
                    .effective_weight = 0,
                    .payload_hash = {}},
                   {.path = "b.onnx",
                    .file_bytes = 200,
                    .weight = 1,
                    .effective_weight = 1.0 / 3,
                    .payload_hash = std::string(32, 'f')}};
  report.template_index = 1;
  return report;
}

TEST(ProvenanceRecord, TellsHowTheOutputWasMade) {
  const auto record = nlohmann::json::parse(ProvenanceRecord(TwoInputs()));
  EXPECT_EQ(record["version"], "1.2.3");
  EXPECT_EQ(record["method"], "ema");
  EXPECT_EQ(record["options"]["decay"], 0.1);
  EXPECT_EQ(record["template"], "b.onnx");
  EXPECT_EQ(record["inputs"][0]["name"], "a.onnx") << "base names only";
  EXPECT_EQ(record["inputs"][1]["bytes"], 200);
  EXPECT_EQ(record["inputs"][1]["weight"].get<double>(), 1.0 / 3) << "reads back exactly";
  EXPECT_EQ(record["inputs"][1]["hash"], std::string(32, 'f'));
  EXPECT_TRUE(record["inputs"][0]["hash"].is_null()) << "an input of weight 0 isn't read";
}

TEST(ProvenanceRecord, HasItsLengthBeforeTheHashesAreKnown) {
  const Report report = TwoInputs();
  Report before = report;
  before.inputs[1].payload_hash.clear();
  EXPECT_EQ(ProvenanceRecord(before).size(), ProvenanceRecord(report).size());
}

TEST(ProvenanceRecord, TakesAnyFileName) {
  Report report = TwoInputs();
  report.inputs[0].path = "\xff\n\"x.onnx";
  const auto record = nlohmann::json::parse(ProvenanceRecord(report));
  EXPECT_EQ(record["inputs"][0]["name"], "\xef\xbf\xbd\n\"x.onnx");
}

}  // namespace
}  // namespace polyak
