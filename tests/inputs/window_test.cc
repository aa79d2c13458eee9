// --last and --every.
#include <gmock/gmock.h>

#include "choosing.h"

namespace polyak {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Window : public test::Choosing {
 protected:
  void Epochs(int number) {
    for (int i = 1; i <= number; ++i) Checkpoint("run/ep" + std::to_string(i) + ".onnx");
  }
};

TEST_F(Window, LastTakesTheNewest) {
  Epochs(12);
  request_.last = 3;
  EXPECT_THAT(Choose({Path("run")}),
              ElementsAre("run/ep10.onnx", "run/ep11.onnx", "run/ep12.onnx"));
  EXPECT_EQ(chosen_.left_out_by_window.size(), 9U);
  EXPECT_EQ(NamesOf(chosen_.left_out_by_window).front(), "run/ep1.onnx");
  EXPECT_EQ(NamesOf(chosen_.left_out_by_window).back(), "run/ep9.onnx");
}

TEST_F(Window, EveryCountsBackFromTheNewestWhichStays) {
  Epochs(10);
  request_.every = 4;
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ep2.onnx", "run/ep6.onnx", "run/ep10.onnx"));
}

TEST_F(Window, LastTakesOfWhatEveryLeaves) {
  Epochs(10);
  request_.every = 3;
  request_.last = 2;
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ep7.onnx", "run/ep10.onnx"));
  EXPECT_EQ(chosen_.left_out_by_window.size(), 8U);
}

TEST_F(Window, GoesOverAllArguments) {
  Checkpoints({"a.onnx", "b.onnx", "c.onnx"});
  request_.last = 2;
  EXPECT_THAT(Choose({Path("a.onnx"), Path("b.onnx"), Path("c.onnx")}),
              ElementsAre("b.onnx", "c.onnx"));
  EXPECT_THAT(NamesOf(chosen_.left_out_by_window), ElementsAre("a.onnx"));
}

TEST_F(Window, LeavesAllAloneWhereNothingIsAsked) {
  Epochs(3);
  EXPECT_EQ(Choose({Path("run")}).size(), 3U);
  EXPECT_THAT(chosen_.left_out_by_window, IsEmpty());
}

TEST_F(Window, RefusesToTakeFewerThanWereAskedFor) {
  Epochs(9);
  request_.last = 10;
  EXPECT_EQ(Refusal({Path("run")}, ErrorKind::kUsage),
            "10 checkpoints asked for, 9 found (ep1.onnx, ep2.onnx, ep3.onnx, ep4.onnx, "
            "ep5.onnx, ep6.onnx, ep7.onnx, ep8.onnx, ep9.onnx)");
  request_.every = 2;
  EXPECT_THAT(Refusal({Path("run")}, ErrorKind::kUsage),
              HasSubstr("10 checkpoints asked for, 5 left of 9 by --every 2 (ep1.onnx"));
  request_.last = 9;
  request_.every = 1;
  EXPECT_EQ(Choose({Path("run")}).size(), 9U);
}

TEST_F(Window, ListsAScreenfulOfNames) {
  Epochs(30);
  request_.last = 31;
  EXPECT_THAT(Refusal({Path("run")}, ErrorKind::kUsage), HasSubstr("30 found (ep1.onnx, ep2.onnx"));
  EXPECT_THAT(Refusal({Path("run")}, ErrorKind::kUsage), HasSubstr("ep20.onnx and 10 more)"));
}

TEST_F(Window, RefusesAnEveryThatLeavesFewerThanTwo) {
  Epochs(3);
  request_.every = 3;
  EXPECT_THAT(Refusal({Path("run")}, ErrorKind::kUsage),
              HasSubstr("--every 3 leaves 1 of 3 checkpoints (ep1.onnx"));
  request_.every = ~std::uint64_t{0};
  EXPECT_THAT(Refusal({Path("run")}, ErrorKind::kUsage), HasSubstr("leaves 1"));
  request_.every = 2;
  EXPECT_THAT(Choose({Path("run")}), ElementsAre("run/ep1.onnx", "run/ep3.onnx"));
}

TEST_F(Window, RefusesZero) {
  Epochs(3);
  request_.every = 0;
  EXPECT_THAT(Refusal({Path("run")}, ErrorKind::kUsage), HasSubstr("--every must be at least 1"));
  request_.every = 1;
  request_.last = 0;
  EXPECT_THAT(Refusal({Path("run")}, ErrorKind::kUsage), HasSubstr("--last must be at least 1"));
}

}  // namespace
}  // namespace polyak
