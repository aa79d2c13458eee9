// What Protocol Buffers' own parser makes of a file's bytes, against what our walker makes of them.
// Whatever the parser accepts, the walker must accept, and with the same elements; it may refuse
// what doesn't mean anything (a payload of the wrong size) and what passes our limits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "support/files.h"

namespace polyak::test {

enum class Verdict { kBothAccept, kWalkerRefusesMeaning, kOnlyWalkerAccepts, kBothRefuse };

// Opens bytes as a model file in a folder of its own, which also has the data file that external
// tensors name. One thread.
class ModelComparison {
 public:
  ModelComparison();

  // Nothing where the two disagree: then Complaint() says how.
  std::optional<Verdict> Compare(std::string_view model);
  const std::string& Complaint() const noexcept { return complaint_; }

 private:
  TemporaryFolder folder_;
  std::string complaint_;
};

// The name of the data file, and how many bytes it has.
inline constexpr std::string_view kDataFile = "w.bin";
inline constexpr std::size_t kDataFileBytes = 64;

}  // namespace polyak::test
