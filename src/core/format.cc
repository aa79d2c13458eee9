#include "core/format.h"

#include <algorithm>

#include "core/error.h"

namespace polyak {

bool IndexBudget::Add(std::uint64_t bytes) {
  constexpr std::uint64_t kHopeless = 16;
  const std::uint64_t used = all_->used_bytes += bytes;
  std::uint64_t most = all_->most_bytes;
  while (most < used && !all_->most_bytes.compare_exchange_weak(most, used)) {
  }
  if (used / kHopeless > all_->limit_bytes) Refuse(used);
  if (used <= all_->limit_bytes) return true;
  has_refused_ = true;
  return false;
}

bool IndexBudget::Charge(std::uint64_t bytes) {
  file_bytes_ += bytes;
  most_file_bytes_ = std::max(most_file_bytes_, file_bytes_);
  return Add(bytes);
}

bool IndexBudget::ChargeShared(std::uint64_t bytes) {
  all_->shared_bytes += bytes;
  return Add(bytes);
}

void IndexBudget::Release(std::uint64_t bytes) noexcept {
  const std::uint64_t released = std::min(bytes, file_bytes_);
  file_bytes_ -= released;
  all_->used_bytes -= released;
}

void IndexBudget::Reserve(std::uint64_t bytes) noexcept {
  const std::uint64_t reserved = std::min(bytes, limit_bytes());
  all_->limit_bytes -= reserved;
  all_->other_bytes += bytes;
  all_->has_reserved = true;
}

void IndexBudget::CheckFits() const {
  if (!fits()) Refuse(all_->used_bytes);
}

void IndexBudget::Refuse(std::uint64_t used_bytes) const {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  const auto mib = [](std::uint64_t bytes) { return std::to_string((bytes + kMiB - 1) / kMiB); };
  const std::uint64_t has_bytes = all_->limit_bytes + all_->other_bytes;
  std::uint64_t needed_bytes = used_bytes + all_->other_bytes;
  // With a larger budget a quarter of what it is larger is reserved, too, and an eighth cached: of
  // eight bytes five are for the rest.
  if (all_->has_reserved) {
    needed_bytes += (needed_bytes - std::min(needed_bytes, has_bytes)) / 5 * 3;
  }
  throw Error(ErrorKind::kUnsupported,
              "its index, and what reading it takes, doesn't fit the memory budget (needs about " +
                  mib(needed_bytes) + " MiB in all, has " + mib(has_bytes) + " MiB)",
              "--memory gives it more");
}

}  // namespace polyak
