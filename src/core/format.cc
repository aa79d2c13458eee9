#include "core/format.h"

#include "core/error.h"

namespace polyak {

bool IndexBudget::Charge(std::uint64_t bytes) {
  constexpr std::uint64_t kHopeless = 16;
  used_bytes_ += bytes;
  most_bytes_ = std::max(most_bytes_, used_bytes_);
  if (used_bytes_ / kHopeless > limit_bytes_) CheckFits();
  return used_bytes_ <= limit_bytes_;
}

void IndexBudget::CheckFits() const {
  if (used_bytes_ <= limit_bytes_) return;
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  const auto mib = [](std::uint64_t bytes) { return std::to_string((bytes + kMiB - 1) / kMiB); };
  throw Error(
      ErrorKind::kUnsupported,
      "its index, and what reading it takes, doesn't fit the memory budget (needs at least " +
          mib(used_bytes_ + other_bytes_) + " MiB in all, has " + mib(limit_bytes_ + other_bytes_) +
          " MiB)",
      "--memory gives it more");
}

}  // namespace polyak
