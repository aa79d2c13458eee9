// Elements as polyak reads them, against what the library reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/box.h"
#include "core/output.h"
#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"

namespace polyak::hdf5 {
namespace {

struct TypeCase {
  const char* name;
  Id (*stored)();
  Id (*native)();
  DType dtype;
  std::string storage;
};

Id CopyOf(hid_t type) { return {H5Tcopy(type), H5Tclose}; }

std::vector<TypeCase> TypeCases() {
  return {
      {"f16le", [] { return Float16(H5T_ORDER_LE); }, [] { return Float16(H5T_ORDER_LE); },
       DType::kFloat16, "contiguous"},
      {"f16be", [] { return Float16(H5T_ORDER_BE); }, [] { return Float16(H5T_ORDER_LE); },
       DType::kFloat16, "contiguous, big-endian"},
      {"bf16le", [] { return BFloat16(H5T_ORDER_LE); }, [] { return BFloat16(H5T_ORDER_LE); },
       DType::kBFloat16, "contiguous"},
      {"bf16be", [] { return BFloat16(H5T_ORDER_BE); }, [] { return BFloat16(H5T_ORDER_LE); },
       DType::kBFloat16, "contiguous, big-endian"},
      {"f32le", [] { return CopyOf(H5T_IEEE_F32LE); }, [] { return CopyOf(H5T_NATIVE_FLOAT); },
       DType::kFloat32, "contiguous"},
      {"f32be", [] { return CopyOf(H5T_IEEE_F32BE); }, [] { return CopyOf(H5T_NATIVE_FLOAT); },
       DType::kFloat32, "contiguous, big-endian"},
      {"f64le", [] { return CopyOf(H5T_IEEE_F64LE); }, [] { return CopyOf(H5T_NATIVE_DOUBLE); },
       DType::kFloat64, "contiguous"},
      {"f64be", [] { return CopyOf(H5T_IEEE_F64BE); }, [] { return CopyOf(H5T_NATIVE_DOUBLE); },
       DType::kFloat64, "contiguous, big-endian"},
      {"c64le", [] { return Complex(H5T_IEEE_F32LE); }, [] { return Complex(H5T_NATIVE_FLOAT); },
       DType::kComplex64, "contiguous"},
      {"c128be", [] { return Complex(H5T_IEEE_F64BE); }, [] { return Complex(H5T_NATIVE_DOUBLE); },
       DType::kComplex128, "contiguous, big-endian"},
      {"i8", [] { return CopyOf(H5T_STD_I8BE); }, [] { return CopyOf(H5T_NATIVE_INT8); },
       DType::kInt8, "contiguous"},
      {"i16be", [] { return CopyOf(H5T_STD_I16BE); }, [] { return CopyOf(H5T_NATIVE_INT16); },
       DType::kInt16, "contiguous, big-endian"},
      {"i32le", [] { return CopyOf(H5T_STD_I32LE); }, [] { return CopyOf(H5T_NATIVE_INT32); },
       DType::kInt32, "contiguous"},
      {"i64be", [] { return CopyOf(H5T_STD_I64BE); }, [] { return CopyOf(H5T_NATIVE_INT64); },
       DType::kInt64, "contiguous, big-endian"},
      {"u8", [] { return CopyOf(H5T_STD_U8LE); }, [] { return CopyOf(H5T_NATIVE_UINT8); },
       DType::kUInt8, "contiguous"},
      {"u16le", [] { return CopyOf(H5T_STD_U16LE); }, [] { return CopyOf(H5T_NATIVE_UINT16); },
       DType::kUInt16, "contiguous"},
      {"u32be", [] { return CopyOf(H5T_STD_U32BE); }, [] { return CopyOf(H5T_NATIVE_UINT32); },
       DType::kUInt32, "contiguous, big-endian"},
      {"u64le", [] { return CopyOf(H5T_STD_U64LE); }, [] { return CopyOf(H5T_NATIVE_UINT64); },
       DType::kUInt64, "contiguous"},
      {"bool", Bool, Bool, DType::kBool, "contiguous"},
  };
}

using Hdf5Elements = Hdf5Files;

// Bytes 0 or 1 are elements of any of these types, bool included.
std::vector<std::uint8_t> ZerosAndOnes(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>((i * i / 3) % 2);
  return bytes;
}

TEST_F(Hdf5Elements, OfEveryTypeAndByteOrderAreWhatTheLibraryReads) {
  const auto path = folder_ / "types.h5";
  {
    FileBuilder builder(path);
    for (const TypeCase& type : TypeCases()) {
      const Id stored = type.stored();
      builder.Dataset(type.name, stored, {3, 5}, ZerosAndOnes(15 * H5Tget_size(stored)).data());
    }
  }
  const auto checkpoint = OpenFile(path);
  for (const TypeCase& type : TypeCases()) {
    SCOPED_TRACE(type.name);
    const TensorInfo& tensor = Tensor(*checkpoint, type.name);
    EXPECT_EQ(tensor.dtype, type.dtype);
    EXPECT_EQ(tensor.element_bytes, ElementBytes(type.dtype));
    EXPECT_EQ(tensor.storage, type.storage);
    EXPECT_EQ(tensor.unreadable, "");
    EXPECT_THAT(tensor.shape, ::testing::ElementsAre(3, 5));
    EXPECT_EQ(tensor.stored_bytes, 15U * tensor.element_bytes);
    EXPECT_EQ(Elements(*checkpoint, type.name), LibraryElements(path, type.name, type.native()));
  }
}

TEST_F(Hdf5Elements, OfNumbersWithoutANameAreBytes) {
  const auto path = folder_ / "odd.h5";
  {
    FileBuilder builder(path);
    const std::vector<std::uint8_t> bytes = ZerosAndOnes(64);
    builder.Dataset("long_double", H5T_NATIVE_LDOUBLE, {2}, bytes.data());
    const Id narrow(H5Tcopy(H5T_STD_I32LE), H5Tclose);
    Succeeds(H5Tset_precision(narrow, 12));
    builder.Dataset("int12", narrow, {4}, bytes.data());
    const Id text(H5Tcopy(H5T_C_S1), H5Tclose);
    Succeeds(H5Tset_size(text, 7));
    builder.Dataset("text", text, {2}, bytes.data());
    const Id opaque(H5Tcreate(H5T_OPAQUE, 3), H5Tclose);
    builder.Dataset("opaque", opaque, {2}, bytes.data());
    const Id pair(H5Tcreate(H5T_COMPOUND, 12), H5Tclose);
    Succeeds(H5Tinsert(pair, "a", 0, H5T_STD_I32LE));
    Succeeds(H5Tinsert(pair, "b", 4, H5T_IEEE_F64LE));
    builder.Dataset("compound", pair, {2}, bytes.data());
  }
  const auto checkpoint = OpenFile(path);
  const auto expect = [&](const char* name, DType dtype, std::uint32_t bytes, Role role) {
    SCOPED_TRACE(name);
    const TensorInfo& tensor = Tensor(*checkpoint, name);
    EXPECT_EQ(tensor.dtype, dtype);
    EXPECT_EQ(tensor.element_bytes, bytes);
    EXPECT_EQ(tensor.role, role);
    EXPECT_EQ(tensor.unreadable, "");
  };
  expect("long_double", DType::kOpaque, 16, Role::kOther);
  expect("int12", DType::kOpaque, 4, Role::kOther);
  expect("text", DType::kString, 7, Role::kOther);
  expect("opaque", DType::kOpaque, 3, Role::kOther);
  expect("compound", DType::kOpaque, 12, Role::kOther);
  const std::vector<std::byte> opaque = Elements(*checkpoint, "opaque");
  EXPECT_EQ(std::memcmp(opaque.data(), ZerosAndOnes(6).data(), 6), 0);
}

TEST_F(Hdf5Elements, OfAScalarAreOneAndOfEmptyDatasetsNone) {
  const auto path = folder_ / "small.h5";
  {
    FileBuilder builder(path);
    const float value = 2.5F;
    builder.Dataset("scalar", H5T_IEEE_F32LE, {}, &value);
    builder.Dataset("zero_rows", H5T_IEEE_F32LE, {0, 4}, nullptr);
    const Id nothing(H5Screate(H5S_NULL), H5Sclose);
    builder.DatasetIn(nothing, "null", H5T_IEEE_F32LE, nullptr);
  }
  const auto checkpoint = OpenFile(path);
  EXPECT_TRUE(Tensor(*checkpoint, "scalar").shape.empty());
  EXPECT_EQ(Tensor(*checkpoint, "scalar").elements, 1U);
  float value = 0;
  std::memcpy(&value, Elements(*checkpoint, "scalar").data(), sizeof value);
  EXPECT_EQ(value, 2.5F);
  for (const char* name : {"zero_rows", "null"}) {
    EXPECT_EQ(Tensor(*checkpoint, name).elements, 0U) << name;
    EXPECT_EQ(Tensor(*checkpoint, name).unreadable, "") << name;
    EXPECT_TRUE(Elements(*checkpoint, name).empty()) << name;
  }
}

TEST_F(Hdf5Elements, AreFoundBehindAUserBlock) {
  const auto path = folder_ / "user_block.h5";
  const std::vector<double> values = {1, 2, 3, 4, 5};
  FileBuilder(path, 2048).Dataset("w", H5T_IEEE_F64LE, {5}, values.data());
  const auto checkpoint = OpenFile(path);
  std::vector<double> read(2);
  checkpoint->Read(0, RangeBox(3, 2), std::as_writable_bytes(std::span(read)));
  EXPECT_THAT(read, ::testing::ElementsAre(4, 5));
}

TEST_F(Hdf5Elements, ThatAreWrittenAreReadBackByTheLibraryAndNothingElseChanges) {
  const auto path = folder_ / "template.h5";
  const auto copy = folder_ / "copy.h5";
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  {
    FileBuilder builder(path, 512);
    builder.Dataset("be", H5T_IEEE_F32BE, {2, 3}, values.data());
    builder.Dataset("other", H5T_IEEE_F32LE, {6}, values.data());
  }
  const std::vector<float> fresh = {-1, 0.5F, 1e-42F, 7, 8, 9};
  const auto checkpoint = OpenFile(path);
  const std::vector<std::size_t> replaced = {IndexOf(*checkpoint, "be")};
  auto output = checkpoint->BeginOutput({.path = copy, .replaced = replaced, .provenance = ""});
  output->Write(replaced[0], RangeBox(0, 6), std::as_bytes(std::span(fresh)));
  for (std::size_t part = 0; part < output->kept_parts(); ++part) output->WriteKept(part);
  output->Commit("");
  output.reset();  // and its lock, which the library respects
  const std::vector<std::byte> read = LibraryElements(copy, "be", H5T_NATIVE_FLOAT);
  EXPECT_EQ(std::memcmp(read.data(), fresh.data(), read.size()), 0);
  const std::string before = test::ReadFile(path);
  const std::string after = test::ReadFile(copy);
  ASSERT_EQ(before.size(), after.size());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != after[i] ? 1U : 0U;
  EXPECT_LE(changed, 24U);
  EXPECT_EQ(LibraryElements(copy, "other", H5T_NATIVE_FLOAT),
            LibraryElements(path, "other", H5T_NATIVE_FLOAT));
}

}  // namespace
}  // namespace polyak::hdf5
