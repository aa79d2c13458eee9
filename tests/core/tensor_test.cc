#include "core/tensor.h"

#include <gtest/gtest.h>

namespace polyak {
namespace {

TEST(DType, KnowsWhatIsAveraged) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    EXPECT_TRUE(IsFloat(dtype)) << NameOf(dtype);
  }
  for (const DType dtype : {DType::kComplex64, DType::kInt32, DType::kFloat8, DType::kString}) {
    EXPECT_FALSE(IsFloat(dtype)) << NameOf(dtype);
  }
}

TEST(DType, TakesAComplexNumberForTwoFloats) {
  EXPECT_EQ(PartOf(DType::kComplex64), DType::kFloat32);
  EXPECT_EQ(PartOf(DType::kComplex128), DType::kFloat64);
  for (const DType dtype : {DType::kComplex64, DType::kComplex128}) {
    EXPECT_TRUE(CanBeAveraged(dtype));
    EXPECT_EQ(PartsOfElement(dtype) * ElementBytes(PartOf(dtype)), ElementBytes(dtype));
  }
  EXPECT_EQ(PartOf(DType::kFloat16), DType::kFloat16);
  EXPECT_EQ(PartsOfElement(DType::kFloat16), 1U);
  EXPECT_TRUE(CanBeAveraged(DType::kFloat16));
  EXPECT_FALSE(CanBeAveraged(DType::kInt64));
}

TEST(DType, HasNamesAndSizes) {
  EXPECT_EQ(NameOf(DType::kBFloat16), "bfloat16");
  EXPECT_EQ(ElementBytes(DType::kBFloat16), 2U);
  EXPECT_EQ(NameOf(DType::kUnknown), "unknown");
  EXPECT_EQ(ElementBytes(DType::kComplex128), 16U);
  EXPECT_EQ(ElementBytes(DType::kString), 0U);
}

TEST(ShapeText, IsAsPeopleWriteIt) {
  EXPECT_EQ(ShapeText({}), "[]");
  EXPECT_EQ(ShapeText({16, 1, 3, 3}), "[16,1,3,3]");
}

TEST(Role, HasAName) {
  EXPECT_EQ(NameOf(Role::kParameter), "parameter");
  EXPECT_EQ(NameOf(Role::kOther), "other");
}

}  // namespace
}  // namespace polyak
