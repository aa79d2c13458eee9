// Element types of tensors, over all formats. The names are numpy's where numpy has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace polyak {

enum class DType : std::uint8_t {
  kFloat16,   // IEEE 754 binary16
  kBFloat16,  // the upper half of a binary32
  kFloat32,
  kFloat64,
  kComplex64,   // two float32: real, imaginary
  kComplex128,  // two float64
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kBool,
  kFloat8,   // any of the 8-bit floats
  kPacked,   // several elements in a byte: int4, uint4, float4, int2, uint2
  kString,   // elements of different lengths
  kOpaque,   // bytes of a fixed size that polyak has no name for
  kUnknown,  // a type that polyak doesn't know, of unknown size
};

std::string_view NameOf(DType dtype) noexcept;

// Bytes of one element; 0 where the type alone doesn't say (packed, string, opaque, unknown).
std::uint32_t ElementBytes(DType dtype) noexcept;

// True for float16, bfloat16, float32, float64.
bool IsFloat(DType dtype) noexcept;

// What the elements are computed with: a complex number as its real and its imaginary part, two
// floats of this type; everything else as it is.
DType PartOf(DType dtype) noexcept;
// How many such parts an element has: 2 or 1.
std::uint32_t PartsOfElement(DType dtype) noexcept;

// True for the types whose elements polyak averages: floats, and complex numbers part by part.
bool CanBeAveraged(DType dtype) noexcept;

}  // namespace polyak
