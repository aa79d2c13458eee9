// A checkpoint format: one row of the registry (formats/registry.h).
#pragma once

#include <any>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/checkpoint.h"
#include "core/helper_program.h"
#include "core/mutex.h"

namespace polyak {

class InputFile;

// How much memory the indexes of all inputs may take together, and how much they do. Formats
// charge it while they read an index, before they store what they read. Each file that is opened
// at the same time as others has one of its own (ForOneFile), which isn't shared between threads;
// the limit is common to all of them.
class IndexBudget {
 public:
  // `other_bytes` of the memory budget are for something else: they are added to the numbers that
  // people are told.
  explicit IndexBudget(std::uint64_t limit_bytes = ~std::uint64_t{0}, std::uint64_t other_bytes = 0)
      : all_(std::make_shared<All>(limit_bytes, other_bytes)) {}

  // The same budget for another file.
  IndexBudget ForOneFile() const { return IndexBudget(all_); }

  // False where it doesn't fit: go on counting, but store nothing more. Throws as CheckFits does
  // where so much doesn't fit that counting on is no use.
  bool Charge(std::uint64_t bytes);
  // Of what all files share, whichever comes first and brings it.
  bool ChargeShared(std::uint64_t bytes);
  // Gives back what was charged and isn't needed any more.
  void Release(std::uint64_t bytes) noexcept;
  // Throws Error (kUnsupported) with about the number that is needed, where something did not fit.
  void CheckFits() const;
  bool fits() const noexcept { return !has_refused_ && all_->used_bytes <= all_->limit_bytes; }
  // Takes from what indexes may have for something else, a part of the memory budget.
  void Reserve(std::uint64_t bytes) noexcept;

  // Of all files together, and the most that it was: what is given back stays the process's.
  std::uint64_t limit_bytes() const noexcept { return all_->limit_bytes; }
  std::uint64_t used_bytes() const noexcept { return all_->used_bytes; }
  std::uint64_t most_bytes() const noexcept { return all_->most_bytes; }
  // Of that what they share.
  std::uint64_t shared_bytes() const noexcept { return all_->shared_bytes; }
  // Of this file alone, without what is shared.
  std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  std::uint64_t most_file_bytes() const noexcept { return most_file_bytes_; }

 private:
  struct All {
    All(std::uint64_t limit, std::uint64_t other) : limit_bytes(limit), other_bytes(other) {}

    std::atomic<std::uint64_t> limit_bytes;
    std::atomic<std::uint64_t> other_bytes;
    std::atomic<std::uint64_t> used_bytes = 0;
    std::atomic<std::uint64_t> most_bytes = 0;
    std::atomic<std::uint64_t> shared_bytes = 0;
    std::atomic<bool> has_reserved = false;
  };

  explicit IndexBudget(std::shared_ptr<All> all) : all_(std::move(all)) {}

  bool Add(std::uint64_t bytes);
  [[noreturn]] void Refuse(std::uint64_t used_bytes) const;

  std::shared_ptr<All> all_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t most_file_bytes_ = 0;
  bool has_refused_ = false;  // others may have given back by the time of CheckFits
};

// What formats keep for all files of a run (helper processes, caches), by a name. Any thread.
class SharedByRun {
 public:
  // The one of that name; the first who asks makes it, and others wait. `make` gives a
  // std::shared_ptr<T>, and mustn't ask for another.
  template <class T, class Make>
  std::shared_ptr<T> Of(std::string_view name, const Make& make) {
    const MutexLock lock(mutex_);
    const auto known = by_name_.find(name);
    if (known != by_name_.end()) return std::any_cast<std::shared_ptr<T>>(known->second);
    std::shared_ptr<T> made = make();
    by_name_.emplace(name, made);
    return made;
  }
  // Lets go of everything.
  void Clear() {
    const MutexLock lock(mutex_);
    by_name_.clear();
  }

 private:
  Mutex mutex_;  // guards who makes what
  std::map<std::string, std::any, std::less<>> by_name_ POLYAK_GUARDED_BY(mutex_);
};

// What opening files needs within one run. Not shared between threads: of files that are opened at
// the same time each has its own (ForOneFile).
struct OpenContext {
  HelperProgram hdf5_helper;
  // How much memory helper programs may allocate together; a format that starts them reserves it in
  // the index budget, and what the program's code takes.
  std::uint64_t helper_memory_bytes = std::uint64_t{64} << 20;
  // How many there may be at the same time.
  std::size_t helpers = 1;
  IndexBudget index_budget;
  // Where unnamed temporary files go, for what can't be read in place; empty: /var/tmp or /tmp.
  std::filesystem::path temporary_folder;
  // Set from anywhere, a signal handler too: waiting ends with Error (kCancelled). May be null.
  const std::atomic<bool>* stop = nullptr;
  std::shared_ptr<SharedByRun> per_run = std::make_shared<SharedByRun>();

  // For another file of the same run.
  OpenContext ForOneFile() const {
    OpenContext one = *this;
    one.index_budget = index_budget.ForOneFile();
    return one;
  }
};

struct Format {
  std::string_view name;     // "onnx"
  std::string_view summary;  // one line for people
  // How its files' names usually end, with spaces between: ".h5 .hdf5". They never decide what a
  // file is; one that is named so and isn't recognised is worth a word.
  std::string_view endings;
  std::string_view separators;  // the characters that part names of tensors: "/"
  // Looks at the content, never at the name; reads little. May throw Error (kSystem).
  bool (*probe)(const InputFile& file);
  // Whether a file is named as a part of a checkpoint that lies beside it, and is none itself where
  // a whole folder is taken. Null: this format has no such files.
  bool (*is_part)(const std::filesystem::path& path) = nullptr;
  // Whether its files take the HDF5 helper to be opened.
  bool needs_helper = false;
  // Throws Error (kCorrupt, kUnsupported, kSystem) without the file's name in front.
  std::unique_ptr<Checkpoint> (*open)(std::shared_ptr<const InputFile> file, OpenContext& context);
};

}  // namespace polyak
