#include "transfer_rate.h"

namespace polyak::command {
namespace {

constexpr TransferRate::Time kWindow(5.0);
constexpr TransferRate::Time kLeastApart(0.1);  // bounds the number of samples
constexpr TransferRate::Time kLeastToTell(0.5);

}  // namespace

void TransferRate::Note(Time now, std::uint64_t done_bytes) {
  // The newest is always the last; the one before it stays if it is far enough from its own.
  const std::size_t count = samples_.size();
  if (count >= 2 && samples_[count - 1].at - samples_[count - 2].at < kLeastApart) {
    samples_.pop_back();
  }
  samples_.push_back({now, done_bytes});
  // The first one is as old as the window or older, so that the whole window counts.
  while (samples_.size() > 2 && now - samples_[1].at >= kWindow) samples_.pop_front();
}

std::optional<double> TransferRate::bytes_per_second() const {
  if (samples_.empty()) return std::nullopt;
  const Time taken = samples_.back().at - samples_.front().at;
  if (taken < kLeastToTell) return std::nullopt;
  const std::uint64_t bytes = samples_.back().done_bytes - samples_.front().done_bytes;
  return static_cast<double>(bytes) / taken.count();
}

}  // namespace polyak::command
