// The helper's answer is hostile until it is checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/format.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/index_builder.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/script_folder.h"
#include "io/input_file.h"

namespace polyak::hdf5 {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kFileBytes = 1000;

class IndexMessage : public ::testing::Test {
 protected:
  // A float32 dataset of shape [5], 20 bytes at `offset`.
  static wire::Dataset Floats(const std::string& path, std::uint64_t offset) {
    wire::Dataset dataset;
    dataset.set_path(path);
    dataset.set_layout(wire::Dataset::CONTIGUOUS);
    dataset.add_dims(5);
    dataset.set_offset(offset);
    dataset.set_storage_bytes(20);
    wire::ElementType& type = *dataset.mutable_type();
    type.set_class_(wire::ElementType::FLOAT);
    type.set_bytes(4);
    wire::Number& number = *type.mutable_number();
    number.set_order(wire::Number::LITTLE);
    number.set_precision_bits(32);
    number.set_sign_position(31);
    number.set_exponent_position(23);
    number.set_exponent_bits(8);
    number.set_mantissa_bits(23);
    number.set_exponent_bias(127);
    number.set_leading_bit_implied(true);
    return dataset;
  }

  // A float32 dataset of shape [5] in three chunks of 2.
  static wire::Dataset Chunked(const std::string& path, std::uint64_t object_address) {
    wire::Dataset dataset = Floats(path, 0);
    dataset.clear_offset();
    dataset.clear_storage_bytes();
    dataset.set_layout(wire::Dataset::CHUNKED);
    dataset.add_chunk_dims(2);
    dataset.set_has_chunk_list(true);
    dataset.set_object_address(object_address);
    return dataset;
  }

  static wire::Chunks Places(const std::vector<std::uint64_t>& offsets, std::uint32_t bytes = 8) {
    wire::Chunks chunks;
    for (const std::uint64_t offset : offsets) {
      chunks.add_offsets(offset);
      chunks.add_bytes(bytes);
      chunks.add_masks(0);
    }
    return chunks;
  }

  // Each dataset with its chunks behind it.
  std::string ErrorOfChunks(
      const std::vector<std::pair<wire::Dataset, std::vector<wire::Chunks>>>& datasets) {
    try {
      IndexBudget budget;
      CheckpointParts parts;
      parts.files = {InputFile::Open(folder_.Write("file", std::string(kFileBytes, 'x')))};
      parts.images = {{.file = 0, .offset = 0, .bytes = kFileBytes}};
      IndexBuilder builder(parts.images[0], budget);
      for (const auto& [dataset, chunks] : datasets) {
        wire::Reply reply;
        *reply.add_datasets() = dataset;
        builder.Add(reply);
        for (const wire::Chunks& part : chunks) {
          wire::Reply more;
          *more.mutable_chunks() = part;
          builder.Add(more);
        }
      }
      parts.contents.push_back(std::move(builder).Build());
      OpenContext context;
      MakeCheckpoint(std::move(parts), context);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      return error.what();
    }
    return "no error";
  }

  std::unique_ptr<Checkpoint> Build(const std::vector<wire::Dataset>& datasets) {
    IndexBudget budget;
    const auto path = folder_.Write("file", std::string(kFileBytes, 'x'));
    CheckpointParts parts;
    parts.files = {InputFile::Open(path)};
    parts.images = {{.file = 0, .offset = 0, .bytes = kFileBytes}};
    IndexBuilder builder(parts.images[0], budget);
    wire::Reply reply;
    for (const wire::Dataset& dataset : datasets) *reply.add_datasets() = dataset;
    builder.Add(reply);
    parts.contents.push_back(std::move(builder).Build());
    OpenContext context;
    return MakeCheckpoint(std::move(parts), context);
  }

  std::string ErrorText(const std::vector<wire::Dataset>& datasets) {
    try {
      Build(datasets);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      return error.what();
    }
    return "no error";
  }

  ScriptFolder folder_;
};

TEST_F(IndexMessage, ThatIsSoundIsTaken) {
  const auto checkpoint = Build({Floats("a", 0), Floats("b", 980), Floats("alias", 0)});
  ASSERT_EQ(checkpoint->tensors().size(), 3U);
  EXPECT_EQ(checkpoint->tensors()[1].dtype, DType::kFloat32);
  EXPECT_EQ(checkpoint->PayloadId(0), checkpoint->PayloadId(2));
}

TEST_F(IndexMessage, ThatLeavesTheFileIsRefused) {
  EXPECT_THAT(ErrorText({Floats("a", 981)}), HasSubstr("outside the file"));
  EXPECT_THAT(ErrorText({Floats("a", ~std::uint64_t{0} - 3)}), HasSubstr("outside the file"));
}

TEST_F(IndexMessage, ThatOverlapsInPartIsRefused) {
  EXPECT_THAT(ErrorText({Floats("a", 100), Floats("b", 110)}), HasSubstr("overlaps"));
}

TEST_F(IndexMessage, ThatGivesOnePlaceTwoMeaningsIsRefused) {
  wire::Dataset other = Floats("b", 100);
  other.mutable_type()->mutable_number()->set_order(wire::Number::BIG);
  EXPECT_THAT(ErrorText({Floats("a", 100), other}), HasSubstr("another array"));
  other = Floats("c", 100);
  other.clear_dims();
  other.add_dims(1);
  other.add_dims(5);
  EXPECT_THAT(ErrorText({Floats("a", 100), other}), HasSubstr("another array"));
}

TEST_F(IndexMessage, WithSizesThatDisagreeIsRefused) {
  wire::Dataset dataset = Floats("a", 0);
  dataset.set_storage_bytes(24);
  EXPECT_THAT(ErrorText({dataset}), HasSubstr("found 24 bytes, expected 20"));
  dataset.set_storage_bytes(16);
  EXPECT_THAT(ErrorText({dataset}), HasSubstr("found 16 bytes, expected 20"));
}

TEST_F(IndexMessage, WithSizesThatWrapIsRefused) {
  wire::Dataset dataset = Floats("a", 0);
  dataset.clear_dims();
  for (int i = 0; i < 3; ++i) dataset.add_dims(std::uint64_t{1} << 32);
  dataset.set_storage_bytes(0);
  EXPECT_NE(ErrorText({dataset}), "no error");
  dataset.clear_dims();
  dataset.add_dims(std::uint64_t{1} << 62);
  EXPECT_THAT(ErrorText({dataset}), HasSubstr("too large"));
}

TEST_F(IndexMessage, OfTooManyDimensionsIsRefused) {
  wire::Dataset dataset = Floats("a", 0);
  dataset.clear_dims();
  for (int i = 0; i < 33; ++i) dataset.add_dims(1);
  dataset.set_storage_bytes(4);
  EXPECT_NE(ErrorText({dataset}), "no error");
}

TEST_F(IndexMessage, WithImpossibleElementsIsRefused) {
  wire::Dataset dataset = Floats("a", 0);
  dataset.mutable_type()->set_bytes(0);
  EXPECT_NE(ErrorText({dataset}), "no error");
  dataset.mutable_type()->set_bytes(std::uint64_t{1} << 40);
  EXPECT_NE(ErrorText({dataset}), "no error");
}

TEST_F(IndexMessage, WithBadNamesIsRefused) {
  EXPECT_THAT(ErrorText({Floats("", 0)}), HasSubstr("without a name"));
  EXPECT_THAT(ErrorText({Floats(std::string("a\0b", 3), 0)}), HasSubstr("zero byte"));
  EXPECT_THAT(ErrorText({Floats(std::string(kMaxPathBytes + 1, 'a'), 0)}), HasSubstr("4097"));
  EXPECT_THAT(ErrorText({Floats("a", 0), Floats("a", 0)}), HasSubstr("called 'a'"));
}

TEST_F(IndexMessage, WithMoreDatasetsThanTheFileHasRoomForIsRefused) {
  std::vector<wire::Dataset> datasets;
  for (std::uint64_t i = 0; i <= kFileBytes / 8; ++i) {
    datasets.push_back(Floats("a" + std::to_string(i), 0));
  }
  EXPECT_THAT(ErrorText(datasets), HasSubstr("more datasets"));
  datasets.pop_back();
  EXPECT_EQ(ErrorText(datasets), "no error");
}

TEST_F(IndexMessage, OfAFloatLikeANamedOneButNotQuiteIsOpaque) {
  const auto dtype_with = [&](void (*change)(wire::Number&)) {
    wire::Dataset dataset = Floats("a", 0);
    change(*dataset.mutable_type()->mutable_number());
    const auto checkpoint = Build({dataset});
    const TensorInfo& tensor = checkpoint->tensors()[0];
    EXPECT_EQ(tensor.role, tensor.dtype == DType::kOpaque ? Role::kOther : Role::kParameter);
    return tensor.dtype;
  };
  EXPECT_EQ(dtype_with([](wire::Number&) {}), DType::kFloat32);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_exponent_bias(128); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_exponent_bits(7); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_mantissa_bits(22); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_exponent_position(22); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_mantissa_position(1); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_sign_position(30); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_precision_bits(31); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_offset_bits(1); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_leading_bit_implied(false); }), DType::kOpaque);
  EXPECT_EQ(dtype_with([](wire::Number& n) { n.set_order(wire::Number::OTHER); }), DType::kOpaque);
}

TEST_F(IndexMessage, OfChunksThatAreSoundIsTaken) {
  EXPECT_EQ(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8}), Places({100})}},
                           {Chunked("b", 20), {Places({200, 208, 16})}},
                           {Chunked("alias", 10), {Places({0, 8, 100})}}}),
            "no error");
}

TEST_F(IndexMessage, OfChunksThatAreNoGridIsRefused) {
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8})}}}), HasSubstr("not complete"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, 16, 24})}}}),
              HasSubstr("more chunks than places"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({})}}}), HasSubstr("makes no sense"));
  wire::Chunks uneven = Places({0, 8, 16});
  uneven.add_masks(0);
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {uneven}}}), HasSubstr("makes no sense"));
  wire::Dataset dataset = Chunked("a", 10);
  dataset.add_chunk_dims(1);
  EXPECT_THAT(ErrorOfChunks({{dataset, {Places({0, 8, 16})}}}), HasSubstr("dimensions"));
  dataset.clear_chunk_dims();
  dataset.add_chunk_dims(0);
  EXPECT_THAT(ErrorOfChunks({{dataset, {Places({0, 8, 16})}}}), HasSubstr("that size"));
}

TEST_F(IndexMessage, OfChunksInTheWrongPlacesIsRefused) {
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, 993})}}}),
              HasSubstr("outside the file"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, ~std::uint64_t{0}})}}}),
              HasSubstr("outside the file"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, 15})}}}),
              HasSubstr("its chunks overlap"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, 16})}},
                             {Chunked("b", 20), {Places({100, 108, 16})}}}),
              HasSubstr("overlaps that of a"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, 16})}}, {Floats("b", 20), {}}}),
              HasSubstr("overlaps that of b"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({100, 8, 200})}}, {Floats("b", 90), {}}}),
              HasSubstr("overlaps that of b"));
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, 16})}},
                             {Chunked("b", 10), {Places({0, 8, 24})}}}),
              HasSubstr("under its other name"));
}

TEST_F(IndexMessage, OfChunksOfTheWrongSizeIsRefused) {
  EXPECT_THAT(ErrorOfChunks({{Chunked("a", 10), {Places({0, 8, 16}, 7)}}}),
              HasSubstr("a chunk has the wrong size (found 7 bytes, expected 8)"));
  wire::Dataset checked = Chunked("a", 10);
  checked.add_filters()->set_number(3);
  EXPECT_EQ(ErrorOfChunks({{checked, {Places({0, 12, 24}, 12)}}}), "no error");
  EXPECT_THAT(ErrorOfChunks({{checked, {Places({0, 13, 26}, 13)}}}),
              HasSubstr("found 13 bytes, expected at most 12"));
}

// So many that 32 bytes for each pass 64 bits, and come to little.
TEST_F(IndexMessage, OfMoreChunksThanTheFileHasRoomForIsRefused) {
  for (const std::uint64_t count : {(std::uint64_t{1} << 59) + 1, std::uint64_t{1} << 17}) {
    wire::Dataset dataset = Chunked("a", 10);
    dataset.set_dims(0, count);
    dataset.set_chunk_dims(0, 1);
    EXPECT_THAT(ErrorOfChunks({{dataset, {Places({0})}}}), HasSubstr("a: it has more chunks"));
  }
}

// Nobody knows how much a filter adds that nobody has.
TEST_F(IndexMessage, OfChunksWithAnUnknownFilterMayHaveAnySize) {
  wire::Dataset blosc = Chunked("a", 10);
  blosc.add_filters()->set_number(32001);
  EXPECT_EQ(ErrorOfChunks({{blosc, {Places({0, 300, 600}, 300)}}}), "no error");
}

TEST_F(IndexMessage, OfChunksOfNothingIsRefused) {
  EXPECT_THAT(ErrorOfChunks({{Floats("a", 10), {Places({0})}}}), HasSubstr("more chunks"));
  IndexBudget budget;
  IndexBuilder builder({.file = 0, .offset = 0, .bytes = kFileBytes}, budget);
  wire::Reply reply;
  *reply.mutable_chunks() = Places({0});
  EXPECT_THROW(builder.Add(reply), Error);
}

TEST_F(IndexMessage, OfAnEndlessAttributeRunsIntoTheBudget) {
  IndexBudget budget(10000);
  IndexBuilder builder({.file = 0, .offset = 0, .bytes = kFileBytes}, budget);
  wire::Reply reply;
  reply.add_attributes()->set_name("model_config");
  reply.mutable_attributes(0)->add_values("x");
  builder.Add(reply);
  reply.mutable_attributes(0)->set_continues(true);
  const auto go_on = [&] {
    for (int i = 0; i < 10000; ++i) builder.Add(reply);
  };
  EXPECT_THROW(go_on(), Error);
}

TEST_F(IndexMessage, ThatSaysNothingIsRefused) { EXPECT_THAT(ErrorText({}), HasSubstr("empty")); }

TEST_F(IndexMessage, OfAFailureBecomesItsError) {
  const auto kind_of = [&](wire::Failure::Kind kind) {
    IndexBudget budget;
    IndexBuilder builder({.file = 0, .offset = 0, .bytes = 1}, budget);
    wire::Reply reply;
    reply.mutable_failure()->set_kind(kind);
    reply.mutable_failure()->set_text("text");
    try {
      builder.Add(reply);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kUsage;
  };
  EXPECT_EQ(kind_of(wire::Failure::DAMAGED), ErrorKind::kCorrupt);
  EXPECT_EQ(kind_of(wire::Failure::UNSUPPORTED), ErrorKind::kUnsupported);
  EXPECT_EQ(kind_of(wire::Failure::MEMORY), ErrorKind::kUnsupported);
  EXPECT_EQ(kind_of(wire::Failure::SYSTEM), ErrorKind::kSystem);
}

}  // namespace
}  // namespace polyak::hdf5
