// How checkpoints fail to fit together, as data: what an Error of kind kMismatch carries, so that
// whoever reports it can group, cut off, or write out the whole list. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace polyak {

// One tensor that the template and some other inputs have differently.
struct Mismatch {
  enum class Kind : std::uint8_t { kOnlyInTemplate, kOnlyInInput, kOtherShape, kOtherDType };

  Kind kind = Kind::kOnlyInTemplate;
  std::string tensor;               // as the file has it: any bytes
  std::string found;                // "[3,2]", "float16", or both; empty for kOnlyInTemplate
  std::string expected;             // likewise; empty for kOnlyInInput
  std::vector<std::size_t> inputs;  // which of them differ so, ascending
  // The template's tensor that it was paired with, where that has another name; else empty.
  std::string counterpart;
  std::string similar;  // the tensor on the other side that may be meant; may be empty
};

// "only_in_template", "only_in_input", "other_shape", "other_dtype"
std::string_view NameOf(Mismatch::Kind kind) noexcept;

struct Mismatches {
  std::vector<std::string> inputs;  // their paths
  std::size_t template_index = 0;
  std::vector<Mismatch> list;  // by kind, then in the order of the files
  std::uint64_t left_out = 0;  // further ones that are counted only
};

// The path of an input without the folders that all of them share: enough to tell them apart.
std::string ShortName(const Mismatches& mismatches, std::size_t input);

}  // namespace polyak
