#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "formats/onnx/tensor_proto.h"
#include "opened_model.h"

namespace polyak {
namespace {

using onnx::TensorProto;
using test::OpenedModel;
using test::OpeningError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorProto Typed(TensorProto::DataType type, const std::vector<std::int64_t>& shape) {
  TensorProto tensor;
  tensor.set_name("t");
  tensor.set_data_type(type);
  for (const std::int64_t dimension : shape) tensor.add_dims(dimension);
  return tensor;
}

onnx::ModelProto With(const TensorProto& tensor) {
  onnx::ModelProto model = test::EmptyModel();
  *model.mutable_graph()->add_initializer() = tensor;
  return model;
}

// A model whose one initializer is these bytes.
std::string WithBytes(const std::string& tensor) {
  const auto field = [](int number, const std::string& content) {
    std::string bytes(1, static_cast<char>(number << 3 | 2));
    std::size_t length = content.size();
    for (; length >= 0x80; length >>= 7) bytes += static_cast<char>((length & 0x7f) | 0x80);
    return bytes + static_cast<char>(length) + content;
  };
  return "\x08\x07" + field(onnx::ModelProto::kGraphFieldNumber,
                            field(onnx::GraphProto::kInitializerFieldNumber, tensor));
}

TEST(TensorStorage, ReadsPackedFloatsAndDoubles) {
  TensorProto floats = Typed(TensorProto::FLOAT, {3});
  for (const float value : {1.5F, -2.0F, 3.0F}) floats.add_float_data(value);
  EXPECT_THAT(OpenedModel(With(floats)).Elements<float>(0), ElementsAre(1.5F, -2.0F, 3.0F));
  TensorProto doubles = Typed(TensorProto::DOUBLE, {2});
  for (const double value : {1e300, -0.1}) doubles.add_double_data(value);
  EXPECT_THAT(OpenedModel(With(doubles)).Elements<double>(0), ElementsAre(1e300, -0.1));
}

TEST(TensorStorage, JoinsPackedFloatsInSeveralRuns) {
  TensorProto first = Typed(TensorProto::FLOAT, {3});
  first.add_float_data(1);
  TensorProto second;
  second.add_float_data(2);
  second.add_float_data(3);
  const OpenedModel opened(WithBytes(first.SerializeAsString() + second.SerializeAsString()));
  EXPECT_THAT(opened.Elements<float>(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(opened.Elements<float>(0, 1), ElementsAre(2, 3));
}

TEST(TensorStorage, DecodesIntegersFromVarints) {
  TensorProto int64s = Typed(TensorProto::INT64, {3});
  for (const std::int64_t value : {std::int64_t{-1}, std::int64_t{300}, INT64_MIN}) {
    int64s.add_int64_data(value);
  }
  EXPECT_THAT(OpenedModel(With(int64s)).Elements<std::int64_t>(0), ElementsAre(-1, 300, INT64_MIN));
  TensorProto int8s = Typed(TensorProto::INT8, {3});
  for (const int value : {-128, 0, 127}) int8s.add_int32_data(value);
  EXPECT_THAT(OpenedModel(With(int8s)).Elements<std::int8_t>(0), ElementsAre(-128, 0, 127));
  TensorProto uint64s = Typed(TensorProto::UINT64, {1});
  uint64s.add_uint64_data(UINT64_MAX);
  EXPECT_THAT(OpenedModel(With(uint64s)).Elements<std::uint64_t>(0), ElementsAre(UINT64_MAX));
}

TEST(TensorStorage, DecodesFromTheMiddleOfManyVarints) {
  constexpr std::int64_t kMany = 100000;
  TensorProto many = Typed(TensorProto::INT32, {kMany});
  for (std::int64_t i = 0; i < kMany; ++i) {
    many.add_int32_data(static_cast<std::int32_t>(i * 7919 % 100003 - 50000));
  }
  const OpenedModel opened(With(many));
  for (const std::uint64_t first : {0U, 1U, 16383U, 16384U, 16385U, 70000U, 99999U}) {
    const auto found = opened.Elements<std::int32_t>(0, first);
    ASSERT_EQ(found.size(), kMany - first);
    for (std::uint64_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i], many.int32_data(static_cast<int>(first + i)));
    }
  }
}

TEST(TensorStorage, TakesScalarsAndEmptyTensors) {
  const std::vector<float> one = {5};
  EXPECT_THAT(OpenedModel(With(test::FloatTensor("s", {}, one))).Elements<float>(0),
              ElementsAre(5));
  const OpenedModel empty(With(test::FloatTensor("e", {0, 4}, {})));
  EXPECT_EQ(empty->tensors()[0].elements, 0U);
  EXPECT_TRUE(empty->tensors()[0].unreadable.empty());
}

TEST(TensorStorage, RefusesAWrongSizeAndTellsBoth) {
  const std::vector<float> three = {1, 2, 3};
  EXPECT_THAT(
      OpeningError(With(test::FloatTensor("conv1.w", {2, 2}, three))),
      HasSubstr("m.onnx: conv1.w: raw_data has the wrong size (found 12 bytes, expected 16 for "
                "[2,2] float32)"));
  TensorProto floats = Typed(TensorProto::FLOAT, {3});
  floats.add_float_data(1);
  EXPECT_THAT(OpeningError(With(floats)), HasSubstr("float_data has the wrong size"));
  TensorProto ints = Typed(TensorProto::INT64, {3});
  ints.add_int64_data(1);
  EXPECT_THAT(OpeningError(With(ints)), HasSubstr("found 1, expected 3"));
  EXPECT_THAT(OpeningError(With(Typed(TensorProto::FLOAT, {3}))), HasSubstr("has no values"));
}

TEST(TensorStorage, RefusesDimensionsThatWrapOrAreNegative) {
  TensorProto wraps = Typed(TensorProto::FLOAT, {1LL << 32, 1LL << 32});
  wraps.set_raw_data("1234");
  EXPECT_THAT(OpeningError(With(wraps)), HasSubstr("2^63"));
  TensorProto negative = Typed(TensorProto::FLOAT, {-1});
  negative.set_raw_data("1234");
  EXPECT_THAT(OpeningError(With(negative)), HasSubstr("2^63"));
  EXPECT_THAT(OpeningError(With(Typed(TensorProto::FLOAT, std::vector<std::int64_t>(33, 1)))),
              HasSubstr("32 dimensions"));
}

TEST(TensorStorage, RefusesValuesThatAreThereTwice) {
  TensorProto twice = Typed(TensorProto::FLOAT, {1});
  twice.set_raw_data("1234");
  twice.add_float_data(1);
  EXPECT_THAT(OpeningError(With(twice)), HasSubstr("has its values twice"));
}

TEST(TensorStorage, NamesWhatIsNotSupportedYet) {
  TensorProto external = Typed(TensorProto::FLOAT, {1});
  external.set_data_location(TensorProto::EXTERNAL);
  EXPECT_EQ(OpenedModel(With(external))->tensors()[0].unreadable,
            "external data is not supported yet");
  TensorProto half = Typed(TensorProto::FLOAT16, {1});
  half.add_int32_data(15360);
  EXPECT_EQ(OpenedModel(With(half))->tensors()[0].unreadable,
            "float16 values in int32_data are not supported yet");
  std::string unpacked = Typed(TensorProto::FLOAT, {1}).SerializeAsString();
  unpacked += std::string("\x25\0\0\x80\x3f", 5);
  EXPECT_EQ(OpenedModel(WithBytes(unpacked))->tensors()[0].unreadable,
            "unpacked float_data is not supported yet");
}

TEST(TensorStorage, KeepsAllOfWhatItCanNotDecodeForComparing) {
  TensorProto packed = Typed(TensorProto::INT64, {2});
  packed.add_int64_data(1);
  const std::string unpacked = "\x38\x05";  // int64_data: 5
  const OpenedModel opened(WithBytes(packed.SerializeAsString() + unpacked));
  const TensorInfo& tensor = opened->tensors()[0];
  EXPECT_EQ(tensor.unreadable, "unpacked int64_data is not supported yet");
  ASSERT_EQ(tensor.stored_bytes, 5U) << "tag, length, 1 and tag, 5";
  std::string stored(5, '\0');
  opened->ReadStored(0, 0, std::as_writable_bytes(std::span(stored)));
  EXPECT_EQ(stored, "\x3a\x01\x01\x38\x05");
}

TEST(TensorStorage, KeepsNothingForComparingWhereItLostAPart) {
  std::string strings;
  TensorProto names = Typed(TensorProto::STRING, {200});
  for (int i = 0; i < 200; ++i)
    strings +=
        "\x32\x01x\x62\x01"
        "d";  // with a doc_string between
  const OpenedModel opened(WithBytes(names.SerializeAsString() + strings));
  EXPECT_EQ(opened->tensors()[0].stored_bytes, 0U);
}

TEST(TensorStorage, KnowsTypesLaterThanItsHeaders) {
  for (const auto& [code, dtype] : {std::pair{17, DType::kFloat8}, std::pair{22, DType::kPacked},
                                    std::pair{999, DType::kUnknown}}) {
    TensorProto tensor = Typed(TensorProto::FLOAT, {1});
    tensor.set_data_type(code);
    tensor.set_raw_data("x");
    EXPECT_EQ(OpenedModel(With(tensor))->tensors()[0].dtype, dtype);
  }
}

TEST(TensorStorage, TakesTheLastOfAFieldThatIsThereTwice) {
  const std::vector<float> first = {1};
  const std::vector<float> last = {2};
  const OpenedModel opened(WithBytes(test::FloatTensor("first", {1}, first).SerializeAsString() +
                                     test::FloatTensor("last", {}, last).SerializeAsString()));
  EXPECT_THAT(opened.Names(), ElementsAre("last"));
  EXPECT_THAT(opened.Elements<float>(0), ElementsAre(2));
}

}  // namespace
}  // namespace polyak
