// Runs something that may crash, hang or eat memory, in a process of its own with limits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace polyak::test {

// What a trial itself makes of what it saw.
enum class Judgement : std::uint8_t {
  kAccepted,
  kRefused,
  kHelperCrashed,  // refused, for the HDF5 library crashed or took too long over it
  kWrong,
};

struct TrialResult {
  Judgement judgement = Judgement::kWrong;
  // Of a refused one: the error. Of a wrong one: what is wrong, also where it crashed, hung, or
  // took too much memory.
  std::string complaint;
};

// `trial` returns its judgement and the text. One thread; the caller has no other ones.
// After `seconds` it hangs: the HDF5 library may take 20 s of the processor over a file, of which a
// trial opens several, and this is not the only thing that runs.
TrialResult RunForked(const std::function<TrialResult()>& trial, unsigned seconds = 300);

}  // namespace polyak::test
