#include "report/summary.h"

#include <gmock/gmock.h>

#include <sstream>

namespace polyak {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string SummaryText(const Report& report, bool whole) {
  std::ostringstream text;
  WriteSummary(report, whole, text);
  return text.str();
}

Report OneKept(std::size_t kept) {
  Report report;
  report.method = "uniform";
  report.inputs = {{.path = "a\n.onnx", .effective_weight = 0.5, .payload_hash = {}},
                   {.path = "b.onnx", .effective_weight = 0.5, .payload_hash = {}}};
  report.template_index = 1;
  report.averaged_tensors = 3;
  report.averaged_elements = 1;
  report.rules = {"parameter", "not a float"};
  report.tensors = {{.name = "w", .fate = Fate::kAverage, .rule = 0}};
  for (std::size_t i = 0; i < kept; ++i) {
    report.tensors.push_back({.name = "k" + std::to_string(i), .fate = Fate::kKeep, .rule = 1});
  }
  return report;
}

TEST(SummaryText, TellsWeightsAndWhatWasKeptAndWhy) {
  const std::string text = SummaryText(OneKept(2), false);
  EXPECT_THAT(text, HasSubstr("0.5                    b.onnx  (template)\n"));
  EXPECT_THAT(text, HasSubstr("3 tensors, 1 element\n"));
  EXPECT_THAT(text, HasSubstr("2 tensors (not a float): k0, k1\n"));
}

TEST(SummaryText, LeavesOutThePeakMemoryThatNobodyKnows) {
  Report report = OneKept(0);
  EXPECT_THAT(SummaryText(report, false), Not(HasSubstr("peak memory")));
  report.peak_memory_bytes = 3 << 20;
  EXPECT_THAT(SummaryText(report, false), HasSubstr(", peak memory 3.0 MiB\n"));
}

TEST(SummaryText, EscapesNames) {
  EXPECT_THAT(SummaryText(OneKept(1), false), HasSubstr("a\\x0a"));
}

TEST(SummaryText, CutsLongListsAndSaysSo) {
  EXPECT_THAT(SummaryText(OneKept(20), false), HasSubstr("k7 and 12 more (-v lists them)"));
  EXPECT_THAT(SummaryText(OneKept(20), true), HasSubstr("k19"));
  EXPECT_THAT(SummaryText(OneKept(20), true), Not(HasSubstr("more")));
}

TEST(SummaryText, NamesWhatAWindowLeftOutWhenAllIsWanted) {
  Report report = OneKept(0);
  report.left_out = {"o\t.onnx", "p.onnx"};
  EXPECT_THAT(SummaryText(report, false),
              HasSubstr("left out   2 checkpoints (--last, --every)\n"));
  EXPECT_THAT(SummaryText(report, true), HasSubstr("(--last, --every): o\\x09.onnx, p.onnx\n"));
}

}  // namespace
}  // namespace polyak
