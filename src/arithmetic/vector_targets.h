// For which instruction sets the vector kernels are compiled, and which of them this processor has.
// To be included before any header of Highway, in the files that hwy/foreach_target.h compiles
// several times.
#pragma once

// Vectors of a length unknown to the compiler can't be kept in structs. A file whose kernels want
// at most eight lanes of float32 defines POLYAK_AT_MOST_256_BITS: it then has none for AVX-512.
#ifdef POLYAK_AT_MOST_256_BITS
#define POLYAK_TOO_WIDE_TARGETS HWY_AVX3
#else
#define POLYAK_TOO_WIDE_TARGETS 0
#endif
#define HWY_DISABLED_TARGETS                                                                 \
  (POLYAK_TOO_WIDE_TARGETS | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | \
   HWY_RVV)

// True while compiling for a set that has vectors: not for those that Highway emulates.
#define POLYAK_HAS_VECTORS \
  (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_RVV)

// The name of the set that is being compiled for.
#define POLYAK_TARGET_NAME              \
  (HWY_TARGET == HWY_AVX3    ? "avx512" \
   : HWY_TARGET == HWY_AVX2  ? "avx2"   \
   : HWY_TARGET == HWY_SSE4  ? "sse4"   \
   : HWY_TARGET == HWY_SSSE3 ? "ssse3"  \
                             : "neon")

// The tables of kernels that get_table, a function in HWY_NAMESPACE, returns for the sets that this
// processor has, the best first; none for sets whose vectors Highway emulates.
#define POLYAK_SUPPORTED_TABLES(Table, get_table)                             \
  ::polyak::SupportedTables<Table>({{HWY_AVX3, HWY_CHOOSE_AVX3(get_table)},   \
                                    {HWY_AVX2, HWY_CHOOSE_AVX2(get_table)},   \
                                    {HWY_SSE4, HWY_CHOOSE_SSE4(get_table)},   \
                                    {HWY_SSSE3, HWY_CHOOSE_SSSE3(get_table)}, \
                                    {HWY_NEON, HWY_CHOOSE_NEON(get_table)}})

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "arithmetic/processor_targets.h"
#include "hwy/detect_targets.h"

namespace polyak {

template <class Table>
std::vector<const Table*> SupportedTables(
    std::initializer_list<std::pair<std::int64_t, const Table* (*)()>> targets) {
  std::vector<const Table*> tables;
  for (const auto& [bit, get_table] : targets) {
    if (get_table == nullptr || (TargetsOfProcessor() & bit) == 0) continue;
    tables.push_back(get_table());
  }
  return tables;
}

}  // namespace polyak
