#include "formats/hdf5/filter_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace polyak::hdf5 {
namespace {

enum class AppliedBy : std::uint8_t { kNobody, kUs, kLibrary };

struct KnownFilter {
  std::uint32_t number;
  std::string_view name;
  AppliedBy applied_by = AppliedBy::kNobody;
};

// The library's own filters, and the registered ones that people use most.
constexpr KnownFilter kFilters[] = {
    {kDeflate, "deflate", AppliedBy::kUs},
    {kShuffle, "shuffle", AppliedBy::kUs},
    {kFletcher32, "fletcher32", AppliedBy::kUs},
    {kSzip, "szip", AppliedBy::kLibrary},
    {kNbit, "nbit", AppliedBy::kLibrary},
    {kScaleOffset, "scaleoffset", AppliedBy::kLibrary},
    {305, "lzo"},
    {307, "bzip2"},
    {kLzf, "lzf", AppliedBy::kUs},
    {32001, "blosc"},
    {32004, "lz4"},
    {32008, "bitshuffle"},
    {32013, "zfp"},
    {32015, "zstd"},
    {32017, "sz"},
    {32026, "blosc2"},
};

const KnownFilter* Find(std::uint32_t number) noexcept {
  const auto* found = std::ranges::find(kFilters, number, &KnownFilter::number);
  return found == std::end(kFilters) ? nullptr : found;
}

AppliedBy WhoApplies(const Filter& filter) noexcept {
  const KnownFilter* known = Find(filter.number);
  return known == nullptr ? AppliedBy::kNobody : known->applied_by;
}

}  // namespace

std::string FilterText(const Filter& filter) {
  const KnownFilter* known = Find(filter.number);
  if (known == nullptr) return fmt::format("filter {}", filter.number);
  if (filter.number != kDeflate || filter.values.empty()) return std::string(known->name);
  return fmt::format("{} {}", known->name, filter.values[0]);
}

std::string WhyNotCodable(std::span<const Filter> filters) {
  for (const Filter& filter : filters) {
    if (WhoApplies(filter) != AppliedBy::kNobody) continue;
    const KnownFilter* known = Find(filter.number);
    if (known == nullptr) return fmt::format("its filter {} is not supported", filter.number);
    return fmt::format("its filter {} ({}) is not supported", known->name, filter.number);
  }
  return {};
}

bool NeedLibrary(std::span<const Filter> filters) noexcept {
  return std::ranges::any_of(
      filters, [](const Filter& filter) { return WhoApplies(filter) == AppliedBy::kLibrary; });
}

}  // namespace polyak::hdf5
