// The helpers that the files of one run share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <semaphore>
#include <vector>

#include "core/format.h"
#include "core/mutex.h"
#include "formats/hdf5/helper_process.h"
#include "formats/hdf5/helper_settings.h"

namespace polyak::hdf5 {

// Resident in the helper before it has indexed anything: it, libhdf5, 40 libraries (measured: 12).
inline constexpr std::uint64_t kHelperCodeBytes = std::uint64_t{14} << 20;

// What a helper takes that may allocate so much.
std::uint64_t HelperBytes(std::uint64_t memory_bytes) noexcept;

// Starts helpers as they are needed, up to a number; each works on one file at a time. Any thread.
class RunHelpers {
 public:
  // Those of the context; at the first call their memory is reserved in its budget.
  static std::shared_ptr<RunHelpers> Of(OpenContext& context);

  // `most` helpers have the memory of the settings together.
  RunHelpers(HelperSettings settings, std::size_t most);

  // The helper where there is only one at a time, it runs and nobody has it; else null. Whoever
  // keeps it uses it when no more files are opened.
  std::shared_ptr<HelperProcess> Only();

 private:
  friend class HelperLease;

  // One that nobody has; starts it where none runs, and waits where there are as many as there may
  // be.
  std::shared_ptr<HelperProcess> Take(const std::atomic<bool>* stop);
  std::shared_ptr<HelperProcess> TakeIdle();
  // Null: it is gone.
  void GiveBack(std::shared_ptr<HelperProcess> helper) noexcept;

  const HelperSettings settings_;
  const std::size_t most_;
  std::counting_semaphore<> free_;
  Mutex mutex_;  // guards which helpers wait for work
  std::vector<std::shared_ptr<HelperProcess>> idle_ POLYAK_GUARDED_BY(mutex_);
};

// A helper of the context's for the work on one image.
class HelperLease {
 public:
  // Throws Error: kSystem where none can be started, kCancelled.
  explicit HelperLease(OpenContext& context);
  // Ends the helper, unless it was kept: it is dead, or in the middle of an answer, or has seen a
  // damaged file. The next file gets a new one.
  ~HelperLease();
  HelperLease(const HelperLease&) = delete;
  HelperLease& operator=(const HelperLease&) = delete;

  HelperProcess& operator*() const noexcept { return *helper_; }
  HelperProcess* operator->() const noexcept { return helper_.get(); }
  // It has done all that was asked.
  void Keep() noexcept { is_kept_ = true; }

 private:
  std::shared_ptr<RunHelpers> helpers_;
  std::shared_ptr<HelperProcess> helper_;
  bool is_kept_ = false;
};

}  // namespace polyak::hdf5
