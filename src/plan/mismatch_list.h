// Collects what doesn't match, over all inputs: a difference that several of them have alike is
// one entry. And what is said about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "core/checkpoint.h"
#include "core/error.h"
#include "core/mismatch.h"

namespace polyak {

// Not shared between threads.
class MismatchList {
 public:
  // What passes `most_bytes` of memory is counted only. The inputs must outlive the list.
  MismatchList(std::span<const Checkpoint* const> inputs, std::size_t template_index,
               std::uint64_t most_bytes);

  // The tensor of the input, null if it hasn't got it; that of the template likewise.
  void Add(Mismatch::Kind kind, std::size_t input, const TensorInfo* found,
           const TensorInfo* expected);
  // All of them by kind, each with the name that may be meant.
  Mismatches Take();

 private:
  Mismatches mismatches_;
  std::uint64_t bytes_left_;
  std::map<std::tuple<Mismatch::Kind, std::string_view, std::string, std::string_view>, std::size_t>
      numbers_;
};

// The error about them; `strangers` are the inputs that share no name with the template. The list
// isn't empty. `hint`, where there is one, says better what to do than the names do.
Error MismatchError(Mismatches mismatches, std::span<const std::size_t> strangers,
                    std::string hint = {});

}  // namespace polyak
