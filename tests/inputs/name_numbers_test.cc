#include "inputs/name_numbers.h"

#include <gmock/gmock.h>

namespace polyak {
namespace {

std::string NumbersOf(std::string_view path, std::size_t shared = 0) {
  return NumbersText(NumberedPart(path, shared));
}

bool IsBefore(std::string_view a, std::string_view b) {
  return CompareNumbers(NumberedPart(a, 0), NumberedPart(b, 0)) < 0;
}

TEST(NameNumbers, AreAllRunsOfDigits) {
  EXPECT_EQ(NumbersOf("ep3-step0120.onnx"), "3, 120");
  EXPECT_EQ(NumbersOf("checkpoint-500/model.onnx"), "500");
  EXPECT_EQ(NumbersOf("loss0.5.onnx"), "0, 5");
  EXPECT_EQ(NumbersOf("000"), "0");
  EXPECT_EQ(NumbersOf("model.onnx"), "");
}

TEST(NameNumbers, DoNotCountTheDigitsOfAnEnding) {
  EXPECT_EQ(NumbersOf("model.weights.h5"), "");
  EXPECT_EQ(NumbersOf("ep10.weights.h5"), "10");
  EXPECT_EQ(NumbersOf("ep10.HDF5"), "10");
  EXPECT_EQ(NumbersOf("ep10.h5.old"), "10");
  EXPECT_EQ(NumbersOf("ckpt.9"), "9");
  EXPECT_EQ(NumbersOf("model.epoch10.h5"), "10");
  EXPECT_EQ(NumbersOf("model.epoch10"), "10");
  EXPECT_EQ(NumbersOf("run.h5/model"), "5") << "a folder's name has no ending";
  EXPECT_EQ(NumbersOf("run7/.h5"), "7, 5") << "a hidden file's name is no ending";
}

TEST(NameNumbers, LieBelowTheSharedFolders) {
  const std::vector<std::string> paths = {"/data7/run/c-1/model.onnx",
                                          "/data7/run/c-12/model.onnx"};
  EXPECT_EQ(SharedFolders(paths), std::string("/data7/run/").size());
  EXPECT_EQ(NumbersOf(paths[1], SharedFolders(paths)), "12");
  EXPECT_EQ(SharedFolders(std::vector<std::string>{"run1/a", "run10/a"}), 0U);
  EXPECT_EQ(SharedFolders(std::vector<std::string>{"run/a", "run"}), 0U);
  EXPECT_EQ(SharedFolders(std::vector<std::string>{"run/a"}), 4U);
  EXPECT_EQ(SharedFolders({}), 0U);
}

TEST(NameNumbers, AreComparedAsWholeNumbersOfAnyLength) {
  EXPECT_TRUE(IsBefore("ckpt-9", "ckpt-10"));
  EXPECT_TRUE(IsBefore("ckpt-00009", "ckpt-10"));
  EXPECT_TRUE(IsBefore("18446744073709551616", "18446744073709551617"));
  const std::string huge(200, '9');
  EXPECT_TRUE(IsBefore(huge, "1" + std::string(200, '0')));
  EXPECT_EQ(CompareNumbers("007", "7"), std::strong_ordering::equal);
  EXPECT_EQ(CompareNumbers("0", "000"), std::strong_ordering::equal);
  EXPECT_TRUE(IsBefore("0", "1"));
}

TEST(NameNumbers, OfOnePathThatBeginTheOthersComeFirst) {
  EXPECT_TRUE(IsBefore("ep2", "ep2-1"));
  EXPECT_TRUE(IsBefore("ep1-9", "ep2"));
  EXPECT_TRUE(IsBefore("ep", "ep0"));
}

}  // namespace
}  // namespace polyak
