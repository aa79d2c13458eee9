#include "formats/hdf5/run_helper.h"

#include <chrono>
#include <utility>

#include "core/error.h"

namespace polyak::hdf5 {
namespace {

constexpr const char* kContextKey = "hdf5";
// How often one who waits for a helper looks at `stop`.
constexpr std::chrono::milliseconds kStep{50};

}  // namespace

std::uint64_t HelperBytes(std::uint64_t memory_bytes) noexcept {
  return kHelperCodeBytes + memory_bytes;
}

std::shared_ptr<RunHelpers> RunHelpers::Of(OpenContext& context) {
  return context.per_run->Of<RunHelpers>(kContextKey, [&context] {
    context.index_budget.Reserve(context.helpers * kHelperCodeBytes + context.helper_memory_bytes);
    return std::make_shared<RunHelpers>(
        HelperSettings{context.hdf5_helper, context.helper_memory_bytes}, context.helpers);
  });
}

RunHelpers::RunHelpers(HelperSettings settings, std::size_t most)
    : settings_(std::move(settings)), most_(most), free_(static_cast<std::ptrdiff_t>(most)) {
  const MutexLock lock(mutex_);
  idle_.reserve(most);  // giving back must not fail
}

std::shared_ptr<HelperProcess> RunHelpers::Only() {
  const MutexLock lock(mutex_);
  return most_ == 1 && !idle_.empty() ? idle_.back() : nullptr;
}

std::shared_ptr<HelperProcess> RunHelpers::Take(const std::atomic<bool>* stop) {
  while (!free_.try_acquire_for(kStep)) {
    if (stop != nullptr && stop->load()) throw Error(ErrorKind::kCancelled, "stopped");
  }
  if (std::shared_ptr<HelperProcess> helper = TakeIdle()) return helper;
  try {
    return HelperProcess::Start(HelperProcess::Find(settings_.program),
                                settings_.memory_bytes / most_, stop);
  } catch (...) {
    free_.release();
    throw;
  }
}

std::shared_ptr<HelperProcess> RunHelpers::TakeIdle() {
  const MutexLock lock(mutex_);
  if (idle_.empty()) return nullptr;
  std::shared_ptr<HelperProcess> helper = std::move(idle_.back());
  idle_.pop_back();
  return helper;
}

void RunHelpers::GiveBack(std::shared_ptr<HelperProcess> helper) noexcept {
  if (helper != nullptr) {
    const MutexLock lock(mutex_);
    idle_.push_back(std::move(helper));
  }
  free_.release();
}

HelperLease::~HelperLease() {
  if (!is_kept_) helper_ = nullptr;  // before another may start: they share their memory
  helpers_->GiveBack(std::move(helper_));
}

HelperLease::HelperLease(OpenContext& context)
    : helpers_(RunHelpers::Of(context)), helper_(helpers_->Take(context.stop)) {}

}  // namespace polyak::hdf5
