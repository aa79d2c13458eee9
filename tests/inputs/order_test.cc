// In which order ChooseInputs gives files.
#include <gmock/gmock.h>

#include <chrono>
#include <random>

#include "choosing.h"
#include "inputs/input_order.h"

namespace polyak {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Order = test::Choosing;

TEST_F(Order, OfAFolderIsThatOfTheNumbers) {
  Checkpoints({"run/ep10.onnx", "run/ep9.onnx", "run/ep100.onnx", "run/ep008.onnx"});
  EXPECT_THAT(Choose({Path("run")}),
              ElementsAre("run/ep008.onnx", "run/ep9.onnx", "run/ep10.onnx", "run/ep100.onnx"));
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(Order, OfAGlobCountsNumbersOfFoldersThatDiffer) {
  Checkpoints({"run7/checkpoint-1000/model.onnx", "run7/checkpoint-500/model.onnx",
               "run7/checkpoint-20/model.onnx"});
  EXPECT_THAT(Choose({Path("run7/*/model.onnx")}),
              ElementsAre("run7/checkpoint-20/model.onnx", "run7/checkpoint-500/model.onnx",
                          "run7/checkpoint-1000/model.onnx"));
}

TEST_F(Order, IsNeverThatOfFileTimes) {
  Checkpoints({"run/ep1.onnx", "run/ep2.onnx", "run/ep3.onnx"});
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const int n : {1, 2, 3}) {
    std::filesystem::last_write_time(Path("run/ep" + std::to_string(n) + ".onnx"),
                                     now - std::chrono::hours(n));
  }
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ep1.onnx", "run/ep2.onnx", "run/ep3.onnx"));
  EXPECT_THAT(Choose({Path("run/*")}), ElementsAre("run/ep1.onnx", "run/ep2.onnx", "run/ep3.onnx"));
}

TEST_F(Order, RefusesTwoFilesOfOneStep) {
  Checkpoints({"run/ep1.onnx", "run/ep7.onnx", "run/ep07.onnx"});
  EXPECT_EQ(Refusal({Path("run")}, ErrorKind::kUsage),
            "run: ep07.onnx and ep7.onnx claim the same step, 7 (3 files: ep1.onnx, ep07.onnx, "
            "ep7.onnx)");
}

TEST_F(Order, RefusesFilesWithoutANumberBesideOthersWithOne) {
  Checkpoints({"run/ep1.onnx", "run/ep2.onnx", "run/best.onnx", "run/final.onnx"});
  const std::string text = Refusal({Path("run")}, ErrorKind::kUsage);
  EXPECT_THAT(text, HasSubstr("2 of its 4 files"));
  EXPECT_THAT(text, HasSubstr("best.onnx, final.onnx"));
  EXPECT_THAT(hint_, HasSubstr("glob"));
  EXPECT_THAT(Choose({Path("run/ep*"), Path("run/final.onnx")}),
              ElementsAre("run/ep1.onnx", "run/ep2.onnx", "run/final.onnx"));
}

TEST_F(Order, IsByNameWithAWarningWhereNoNameHasANumber) {
  Checkpoints({"run1/b.h5", "run1/a.h5", "run1/B.h5"});
  EXPECT_THAT(Choose({Path("run1")}), ElementsAre("run1/B.h5", "run1/a.h5", "run1/b.h5"));
  EXPECT_THAT(Warnings(), IsEmpty());
  request_.order_matters = true;
  Choose({Path("run1")});
  EXPECT_THAT(Warnings(), ElementsAre("run1: the names hold no numbers: ordered by name"));
  request_.order_matters = false;
  request_.last = 2;
  Choose({Path("run1/*")});
  EXPECT_THAT(Warnings(), ElementsAre("run1/*: the names hold no numbers: ordered by name"));
}

TEST_F(Order, OfArgumentsIsKept) {
  Checkpoints({"a/ep2.onnx", "a/ep1.onnx", "x.onnx", "w.onnx"});
  EXPECT_THAT(Choose({Path("x.onnx"), Path("a"), Path("w.onnx")}),
              ElementsAre("x.onnx", "a/ep1.onnx", "a/ep2.onnx", "w.onnx"));
}

TEST_F(Order, ThatGoesDownIsAWarningWhereItCounts) {
  Checkpoints({"ep9.onnx", "ep10.onnx", "ep11.onnx"});
  const std::vector<std::string> files = {Path("ep9.onnx"), Path("ep11.onnx"), Path("ep10.onnx")};
  Choose(files);
  EXPECT_THAT(Warnings(), IsEmpty());
  request_.order_matters = true;
  EXPECT_THAT(Choose(files), ElementsAre("ep9.onnx", "ep11.onnx", "ep10.onnx"));
  EXPECT_THAT(Warnings(),
              ElementsAre("ep11.onnx comes before ep10.onnx, though "
                          "the method depends on their order (their numbers are 11 and 10)"));
  request_.order_matters = false;
  request_.last = 2;
  Choose(files);
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("--last and --every take the last")));
}

TEST_F(Order, ThatGoesDownIsSeenAcrossArguments) {
  Checkpoints({"late/ep5.onnx", "late/ep6.onnx", "early/ep1.onnx"});
  request_.order_matters = true;
  Choose({Path("late"), Path("early")});
  EXPECT_THAT(Warnings(), ElementsAre(StartsWith("late/ep6.onnx comes before early/ep1.onnx")));
  Choose({Path("early"), Path("late")});
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(Order, IsJudgedAmongTheFilesThatHaveNumbers) {
  Checkpoints({"ep9.onnx", "ep1.onnx", "last.onnx"});
  request_.order_matters = true;
  Choose({Path("ep1.onnx"), Path("last.onnx"), Path("ep9.onnx")});
  EXPECT_THAT(Warnings(), IsEmpty());
  Choose({Path("ep9.onnx"), Path("last.onnx"), Path("ep1.onnx")});
  EXPECT_THAT(Warnings(), ElementsAre(StartsWith("ep9.onnx comes before ep1.onnx")));
}

TEST_F(Order, HoldsForAnyBytesInNames) {
  Checkpoints({"run/a\n2.onnx",
               "run/\xff\xfe"
               "10.onnx",
               "run/ 1 .onnx"});
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ 1 .onnx", "run/a\n2.onnx",
                                                 "run/\xff\xfe"
                                                 "10.onnx"));
  EXPECT_EQ(Choose({Path("run/*")}).size(), 3U);
}

TEST(OrderByNumbers, SortsAHundredThousandNames) {
  std::vector<std::string> files;
  for (int i = 0; i < 100'000; ++i) {
    files.push_back("/a/rather/long/folder/run-1/checkpoint-" + std::to_string(i) + "/model.onnx");
  }
  const std::vector<std::string> sorted = files;
  std::ranges::shuffle(files, std::mt19937_64(1));
  OrderByNumbers(files);  // a quadratic sort would take minutes
  EXPECT_EQ(files, sorted);
}

}  // namespace
}  // namespace polyak
