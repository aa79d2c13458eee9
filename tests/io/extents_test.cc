#include "io/extents.h"

#include <gmock/gmock.h>

#include <numeric>
#include <string>
#include <vector>

#include "core/error.h"
#include "support/files.h"

namespace polyak {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorInfo Tensor(const std::string& name, DType dtype, std::vector<std::uint64_t> shape) {
  TensorInfo info;
  info.name = name;
  info.dtype = dtype;
  info.element_bytes = ElementBytes(dtype);
  info.elements = ElementsOf(shape);
  info.shape = std::move(shape);
  info.stored_bytes = info.bytes();
  return info;
}

std::string CheckMessage(const std::vector<Payload>& payloads) {
  std::vector<TensorInfo> tensors;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    tensors.push_back(Tensor(std::string(1, static_cast<char>('a' + i)), DType::kUInt8, {4}));
  }
  try {
    const test::TemporaryFolder folder;
    test::WriteFile(folder / "a", std::string(100, 'x'));
    CheckExtents(payloads, tensors, {InputFile::Open(folder / "a")});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    return error.what();
  }
  return "";
}

TEST(CheckExtents, AllowsNeighboursAndOnePayloadUnderSeveralNames) {
  EXPECT_EQ(CheckMessage({{.runs = {{0, 50}}}, {.runs = {{50, 50}}}}), "");
  EXPECT_EQ(CheckMessage({{.runs = {{8, 4}}}, {.runs = {{8, 4}}}, {.runs = {{8, 4}}}}), "");
  EXPECT_EQ(CheckMessage({{.runs = {}}, {.runs = {{99, 0}}}}), "");
}

TEST(CheckExtents, RefusesWhatLiesOutsideTheFile) {
  EXPECT_THAT(CheckMessage({{.runs = {{97, 4}}}}), HasSubstr("a: its data lies outside"));
  EXPECT_THAT(CheckMessage({{.runs = {{101, 1}}}}), HasSubstr("outside"));
  EXPECT_THAT(CheckMessage({{.runs = {{10, ~std::uint64_t{0}}}}}), HasSubstr("outside"));
  EXPECT_THAT(CheckMessage({{.runs = {{~std::uint64_t{0}, 2}}}}), HasSubstr("outside"));
}

TEST(CheckExtents, RefusesPayloadsThatOverlapInPart) {
  EXPECT_THAT(CheckMessage({{.runs = {{0, 8}}}, {.runs = {{7, 4}}}}),
              HasSubstr("b: its data overlaps that of a"));
  EXPECT_THAT(CheckMessage({{.runs = {{0, 40}}}, {.runs = {{0, 40}}}, {.runs = {{8, 2}}}}),
              HasSubstr("overlaps"));
  EXPECT_THAT(CheckMessage({{.runs = {{0, 8}, {4, 8}}}}), HasSubstr("overlaps"));
}

TEST(CheckExtents, RefusesOnePayloadOfTwoDTypes) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "a", std::string(16, 'x'));
  const std::vector<Payload> payloads = {{.runs = {{0, 8}}}, {.runs = {{0, 8}}}};
  try {
    CheckExtents(payloads,
                 std::vector{Tensor("w", DType::kFloat32, {2}), Tensor("h", DType::kFloat16, {4})},
                 {InputFile::Open(folder / "a")});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("h: its data is also that of w, which has another dtype"));
  }
}

// A tensor [3,4] of big-endian 16-bit elements 0 … 11, in two extents with a gap between them.
class ExtentCheckpointTest : public ::testing::Test {
 protected:
  ExtentCheckpointTest() {
    std::string bytes = "xx";
    for (int i = 0; i < 12; ++i) {
      if (i == 5) bytes += "gap";
      bytes += '\0';
      bytes += static_cast<char>(i);
    }
    test::WriteFile(folder_ / "a", bytes);
    file_ = InputFile::Open(folder_ / "a");
    checkpoint_ = std::make_unique<ExtentCheckpoint>(
        InputFiles{file_}, std::vector{Tensor("t", DType::kUInt16, {3, 4})},
        std::vector{Payload{.runs = {{2, 10}, {15, 14}}, .swapped_bytes = 2}});
  }

  std::vector<std::uint16_t> ReadBox(const Box& box) const {
    std::vector<std::uint16_t> elements(ElementsIn(box));
    checkpoint_->Read(0, box, std::as_writable_bytes(std::span(elements)));
    return elements;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<const InputFile> file_;
  std::unique_ptr<ExtentCheckpoint> checkpoint_;
};

TEST_F(ExtentCheckpointTest, ReadsARangeAcrossExtents) {
  EXPECT_THAT(ReadBox(RangeBox(3, 4)), ElementsAre(3, 4, 5, 6));
  std::vector<std::uint16_t> all(12);
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  EXPECT_EQ(ReadBox(RangeBox(0, 12)), all);
}

TEST_F(ExtentCheckpointTest, GathersABox) {
  const std::vector<std::uint64_t> start = {1, 1};
  const std::vector<std::uint64_t> count = {2, 2};
  EXPECT_THAT(ReadBox({Coordinates(start), Coordinates(count)}), ElementsAre(5, 6, 9, 10));
}

TEST_F(ExtentCheckpointTest, ReadsStoredBytesAsTheyLie) {
  std::string bytes(4, '\0');
  checkpoint_->ReadStored(0, 8, std::as_writable_bytes(std::span(bytes)));
  EXPECT_EQ(bytes, std::string("\0\4\0\5", 4));
}

TEST_F(ExtentCheckpointTest, NamesFileAndTensorWhenTheFileShrinks) {
  std::filesystem::resize_file(folder_ / "a", 20);
  try {
    ReadBox(RangeBox(8, 4));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr((folder_ / "a").string() + ": t: the file ends early"));
  }
}

// Tensors of 16-bit elements near one another: a (big-endian), then two bytes of something else, b,
// c right behind it, 5000 bytes of something else, d; e in another file, f an alias of b.
class ReadJoinedTest : public ::testing::Test {
 protected:
  ReadJoinedTest() {
    std::string bytes = std::string("\0\1\0\2--\3\0\4\0\5\0", 12) + std::string(5000, '-');
    bytes += std::string("\6\0\7\0", 4);
    test::WriteFile(folder_ / "x", bytes);
    test::WriteFile(folder_ / "y", std::string("----\10\0", 6));
    std::vector<TensorInfo> tensors;
    for (const std::uint64_t elements : {2U, 2U, 1U, 2U, 1U, 2U}) {
      const auto name = static_cast<char>('a' + tensors.size());
      tensors.push_back(Tensor(std::string(1, name), DType::kUInt16, {elements}));
    }
    checkpoint_ = std::make_unique<ExtentCheckpoint>(
        InputFiles{InputFile::Open(folder_ / "x"), InputFile::Open(folder_ / "y")},
        std::move(tensors),
        std::vector{Payload{.runs = {{0, 4}}, .swapped_bytes = 2}, Payload{.runs = {{6, 4}}},
                    Payload{.runs = {{10, 2}}}, Payload{.runs = {{5012, 4}}},
                    Payload{.runs = {{4, 2, 1}}}, Payload{.runs = {{6, 4}}}});
  }

  // The elements of those that the first read brings.
  std::vector<std::uint16_t> Read(const std::vector<std::size_t>& wanted) const {
    std::vector<std::uint16_t> elements;
    for (const std::size_t tensor : wanted) {
      elements.resize(elements.size() + checkpoint_->tensors()[tensor].elements);
    }
    std::vector<TensorToRead> parts;
    std::size_t at = 0;
    for (const std::size_t tensor : wanted) {
      const std::size_t count = checkpoint_->tensors()[tensor].elements;
      parts.push_back({tensor, std::as_writable_bytes(std::span(elements).subspan(at, count))});
      at += count;
    }
    const std::size_t joined = checkpoint_->ReadJoined(parts);
    std::size_t read = 0;
    for (std::size_t i = 0; i < joined; ++i) read += parts[i].elements.size() / 2;
    elements.resize(read);
    return elements;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<ExtentCheckpoint> checkpoint_;
};

TEST_F(ReadJoinedTest, BringsNeighboursEachInItsByteOrder) {
  EXPECT_THAT(Read({0, 1, 2}), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Read({0, 2}), ElementsAre(1, 2, 5));
  EXPECT_THAT(Read({1}), ElementsAre(3, 4));
}

TEST_F(ReadJoinedTest, EndsBeforeWhatLiesElsewhere) {
  EXPECT_THAT(Read({0, 1, 2, 3}), ElementsAre(1, 2, 3, 4, 5)) << "too far behind";
  EXPECT_THAT(Read({2, 1}), ElementsAre(5)) << "in front";
  EXPECT_THAT(Read({0, 2, 1}), ElementsAre(1, 2, 5)) << "in front of the last one";
  EXPECT_THAT(Read({0, 4, 1}), ElementsAre(1, 2)) << "in another file";
  EXPECT_THAT(Read({4, 0}), ElementsAre(8)) << "in another file";
  EXPECT_THAT(Read({0, 1, 5}), ElementsAre(1, 2, 3, 4)) << "the same bytes again";
}

TEST_F(ReadJoinedTest, NamesTheTensorWhoseBytesAreMissing) {
  std::filesystem::resize_file(folder_ / "x", 11);
  EXPECT_THAT(Read({0, 1, 2}), ElementsAre(1, 2)) << "its neighbours are there";
  try {
    Read({2, 3});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr((folder_ / "x").string() + ": c: the file ends early"));
  }
}

TEST(PayloadId, IsSharedExactlyByOnePayloadUnderTwoNames) {
  const test::TemporaryFolder folder;
  test::WriteFile(folder / "a", std::string(64, 'x'));
  const ExtentCheckpoint checkpoint(
      {InputFile::Open(folder / "a")},
      {Tensor("a", DType::kFloat32, {2}), Tensor("b", DType::kFloat32, {2}),
       Tensor("c", DType::kFloat32, {2}), Tensor("d", DType::kFloat32, {0}),
       Tensor("e", DType::kFloat32, {0})},
      {{.runs = {{0, 8}}}, {.runs = {{8, 8}}}, {.runs = {{0, 8}}}, {}, {}});
  EXPECT_EQ(checkpoint.PayloadId(0), checkpoint.PayloadId(2));
  EXPECT_NE(checkpoint.PayloadId(0), checkpoint.PayloadId(1));
  EXPECT_NE(checkpoint.PayloadId(3), checkpoint.PayloadId(4));
}

}  // namespace
}  // namespace polyak
