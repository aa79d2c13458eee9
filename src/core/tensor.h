// What is known of a tensor before any of its elements is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.h"

namespace polyak {

// What a tensor is for. It decides what averaging does with it (README.md, Use).
enum class Role : std::uint8_t {
  kParameter,
  kRunningStatistic,
  kConstant,        // an operator's setting: must be equal in all checkpoints
  kOptimizerState,  // kept from the template
  kCounter,
  kSeed,
  kQuantized,
  kMetric,  // kept from the template
  kOther,
};

std::string_view NameOf(Role role) noexcept;

struct TensorInfo {
  std::string name;  // as the file has it: any bytes
  DType dtype = DType::kUnknown;
  std::vector<std::uint64_t> shape;
  std::uint64_t elements = 0;       // the product of the shape, checked
  std::uint32_t element_bytes = 0;  // in Read's terms; 0: elements have no fixed size
  Role role = Role::kOther;
  // What decided the role, where something did, as a phrase: "convolution weight". Static text.
  std::string_view use;

  std::string storage;             // how it is stored, for people: "raw_data", "contiguous"
  std::uint64_t stored_bytes = 0;  // of the payload as it lies in the file
  std::string unreadable;          // why Read would refuse; empty: it can be read

  // Bytes of all elements as Read gives them.
  std::uint64_t bytes() const noexcept { return elements * element_bytes; }
  // Estimates of the memory that it takes in a list of tensors, and in a checkpoint's index: that,
  // and where its payload lies.
  std::uint64_t list_bytes() const noexcept;
  std::uint64_t index_bytes() const noexcept;

  bool operator==(const TensorInfo&) const = default;
};

// "[16,1,3,3]"; "[]" for a scalar.
std::string ShapeText(const std::vector<std::uint64_t>& shape);

}  // namespace polyak
