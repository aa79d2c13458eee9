// What ONNX's operators do with their inputs, as far as averaging asks: which are learned, which
// are settings, which hand their input on as it is.
// https://github.com/onnx/onnx/blob/main/docs/Operators.md
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/tensor.h"

namespace polyak::onnx_format {

// What a use says of a value. Where a value has several uses, the greatest holds.
enum class Meaning : std::uint8_t {
  kNotUsed,
  kUnderRoot,  // a square root takes it
  kSetting,
  kUnknown,  // by an operator that this table says nothing of
  kLearned,
  kQuantized,
};

struct Use {
  Meaning meaning = Meaning::kNotUsed;
  std::string_view phrase;  // "convolution weight"; static
  Role role = Role::kParameter;
  // Integers there are no weights: they come from shapes and the like.
  bool is_only_of_floats = false;
};

inline constexpr Use kNotUsed{};
inline constexpr Use kUnknownUse{.meaning = Meaning::kUnknown, .role = Role::kOther};
inline constexpr Use kUnderRoot{.meaning = Meaning::kUnderRoot, .role = Role::kOther};
// Of one element only: it keeps a square root's argument away from zero.
inline constexpr Use kEpsilon{
    .meaning = Meaning::kSetting, .phrase = "an epsilon", .role = Role::kConstant};
inline constexpr Use kQuantizedWeight{
    .meaning = Meaning::kQuantized, .phrase = "integers with a scale", .role = Role::kQuantized};
inline constexpr Use kQuantizedScale{.meaning = Meaning::kQuantized,
                                     .phrase = "scale of a quantized weight",
                                     .role = Role::kQuantized};

// What of an operator's inputs comes out of it unchanged.
enum class Flow : std::uint8_t {
  kNone,
  kIdentity,  // the first, under another name
  kFirst,     // the elements of the first, in another shape, order or dtype, or a part of them
  kAll,
  kSum,           // Add
  kProduct,       // Mul
  kDifference,    // Sub
  kBranches,      // If: what its subgraphs give
  kDynamicScale,  // DynamicQuantizeLinear: its second output is a scale
  kIntegers,      // MatMulInteger, ConvInteger: what it gives is to be multiplied with a scale
};

inline constexpr std::int8_t kEverySlot = -1;

struct SlotUse {
  std::int8_t slot = 0;
  const Use* use = nullptr;  // null: there is no row
};

struct Operator {
  std::string_view name;
  Flow flow = Flow::kNone;
  std::array<SlotUse, 6> slots = {};

  // What the operator's use of an input says.
  const Use& UseOf(std::size_t slot) const noexcept;
};

// The operator's row; one without uses for an operator that isn't known. The domain is the node's:
// ONNX's own and Microsoft's are known. Lives as long as the program.
const Operator& FindOperator(std::string_view name, std::string_view domain) noexcept;

// The operator's number among all rows, and the operator of a number: a node keeps two bytes.
using OperatorNumber = std::uint16_t;
OperatorNumber NumberOf(const Operator& op) noexcept;  // one of FindOperator's
const Operator& OperatorOfNumber(OperatorNumber number) noexcept;

// True where the `floats` of an operator of ai.onnx.ml are learned: the coefficients of linear
// models and support vector machines.
bool IsLearnedAttribute(std::string_view op_type, std::string_view attribute) noexcept;

}  // namespace polyak::onnx_format
