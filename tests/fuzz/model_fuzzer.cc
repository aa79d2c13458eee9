// A libFuzzer target: build/fuzz/tests/fuzz/model_fuzzer CORPUS. A disagreement between the walker
// and Protocol Buffers' own parser ends the program, as a crash does.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/model_comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static polyak::test::ModelComparison comparison;
  if (!comparison.Compare({reinterpret_cast<const char*>(bytes), count})) {
    std::fprintf(stderr, "%s\n", comparison.Complaint().c_str());
    std::abort();
  }
  return 0;
}
