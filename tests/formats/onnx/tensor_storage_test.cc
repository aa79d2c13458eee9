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

TEST(TensorStorage, ReadsUnpackedValuesAndMixturesOfThem) {
  const std::string one("\x25\0\0\x80\x3f", 5);
  const std::string minus_two("\x25\0\0\0\xc0", 5);
  TensorProto packed = Typed(TensorProto::FLOAT, {5});
  packed.add_float_data(7);
  packed.add_float_data(8);
  const std::string unknown("\xa2\x06\x01x", 4);  // field 100
  const OpenedModel opened(WithBytes(one + packed.SerializeAsString() + minus_two + unknown + one));
  EXPECT_THAT(opened.Elements<float>(0), ElementsAre(1, 7, 8, -2, 1));
  TensorProto ints = Typed(TensorProto::INT64, {3});
  ints.add_int64_data(1);
  EXPECT_THAT(OpenedModel(WithBytes(ints.SerializeAsString() + "\x38\x05\x38\x06"))
                  .Elements<std::int64_t>(0),
              ElementsAre(1, 5, 6));
}

TEST(TensorStorage, ReadsTheBitsOf16BitFloatsFromVarintsAndRefusesMoreThanBits) {
  TensorProto half = Typed(TensorProto::FLOAT16, {3});
  for (const int bits : {0x3c00, 0, 0xffff}) half.add_int32_data(bits);
  EXPECT_THAT(OpenedModel(With(half)).Elements<std::uint16_t>(0), ElementsAre(0x3c00, 0, 0xffff));
  for (const int value : {0x10000, -1}) {
    half.set_int32_data(1, value);
    EXPECT_THAT(OpeningError(With(half)), HasSubstr("t: has a value outside its dtype (found "));
    EXPECT_THAT(OpeningError(With(half)), HasSubstr("for element 1, expected at most 65535)"));
  }
}

TEST(TensorStorage, ReadsComplexNumbersAsPairs) {
  TensorProto tensor = Typed(TensorProto::COMPLEX64, {2});
  for (const float part : {1.0F, 2.0F, 3.0F, 4.0F}) tensor.add_float_data(part);
  const OpenedModel opened(With(tensor));
  std::vector<float> parts(4);
  opened->Read(0, RangeBox(0, 2), std::as_writable_bytes(std::span(parts)));
  EXPECT_THAT(parts, ElementsAre(1, 2, 3, 4));
}

TEST(TensorStorage, RefusesAPackedFieldThatEndsWithinANumber) {
  const std::string field("\x22\x03\0\0\x80", 5);
  EXPECT_THAT(OpeningError(WithBytes(Typed(TensorProto::FLOAT, {1}).SerializeAsString() + field)),
              HasSubstr("ends within a number"));
}

TEST(TensorStorage, KeepsNothingForComparingWhereItLostAPart) {
  std::string strings;
  TensorProto names = Typed(TensorProto::STRING, {5000});
  for (int i = 0; i < 5000; ++i)
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
