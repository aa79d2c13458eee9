#include "core/dtype.h"

#include <array>
#include <cassert>

namespace polyak {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::uint32_t element_bytes;
};

constexpr std::array kRows = {
    DTypeRow{DType::kFloat16, "float16", 2},     DTypeRow{DType::kBFloat16, "bfloat16", 2},
    DTypeRow{DType::kFloat32, "float32", 4},     DTypeRow{DType::kFloat64, "float64", 8},
    DTypeRow{DType::kComplex64, "complex64", 8}, DTypeRow{DType::kComplex128, "complex128", 16},
    DTypeRow{DType::kInt8, "int8", 1},           DTypeRow{DType::kInt16, "int16", 2},
    DTypeRow{DType::kInt32, "int32", 4},         DTypeRow{DType::kInt64, "int64", 8},
    DTypeRow{DType::kUInt8, "uint8", 1},         DTypeRow{DType::kUInt16, "uint16", 2},
    DTypeRow{DType::kUInt32, "uint32", 4},       DTypeRow{DType::kUInt64, "uint64", 8},
    DTypeRow{DType::kBool, "bool", 1},           DTypeRow{DType::kFloat8, "float8", 1},
    DTypeRow{DType::kPacked, "packed", 0},       DTypeRow{DType::kString, "string", 0},
    DTypeRow{DType::kOpaque, "opaque", 0},       DTypeRow{DType::kUnknown, "unknown", 0},
};

constexpr bool RowsFollowTheEnumeration() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].dtype) != i) return false;
  }
  return true;
}
static_assert(RowsFollowTheEnumeration());

const DTypeRow& RowOf(DType dtype) noexcept {
  const auto index = static_cast<std::size_t>(dtype);
  assert(index < kRows.size());
  return kRows[index];
}

}  // namespace

std::string_view NameOf(DType dtype) noexcept { return RowOf(dtype).name; }

std::uint32_t ElementBytes(DType dtype) noexcept { return RowOf(dtype).element_bytes; }

bool IsFloat(DType dtype) noexcept {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat32 ||
         dtype == DType::kFloat64;
}

DType PartOf(DType dtype) noexcept {
  switch (dtype) {
    case DType::kComplex64: return DType::kFloat32;
    case DType::kComplex128: return DType::kFloat64;
    default: return dtype;
  }
}

std::uint32_t PartsOfElement(DType dtype) noexcept { return PartOf(dtype) == dtype ? 1 : 2; }

bool CanBeAveraged(DType dtype) noexcept { return IsFloat(PartOf(dtype)); }

}  // namespace polyak
