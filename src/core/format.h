// A checkpoint format: one row of the registry (formats/registry.h).
#pragma once

#include <algorithm>
#include <any>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint.h"

namespace polyak {

class InputFile;

// How much memory the indexes of all inputs may take together, and how much they do. Formats
// charge it while they read an index, before they store what they read.
class IndexBudget {
 public:
  // `other_bytes` of the memory budget are for something else: they are added to the numbers that
  // people are told.
  explicit IndexBudget(std::uint64_t limit_bytes = ~std::uint64_t{0}, std::uint64_t other_bytes = 0)
      : limit_bytes_(limit_bytes), other_bytes_(other_bytes) {}

  // False where it doesn't fit: go on counting, but store nothing more. Throws as CheckFits does
  // where so much doesn't fit that counting on is no use.
  bool Charge(std::uint64_t bytes);
  // Gives back what was charged and isn't needed any more.
  void Release(std::uint64_t bytes) noexcept { used_bytes_ -= std::min(bytes, used_bytes_); }
  // Throws Error (kUnsupported) with the number that is needed, where something did not fit.
  void CheckFits() const;
  std::uint64_t limit_bytes() const noexcept { return limit_bytes_; }
  std::uint64_t used_bytes() const noexcept { return used_bytes_; }
  // The most that were in use at any time: what is given back is not gone from the process.
  std::uint64_t most_bytes() const noexcept { return most_bytes_; }
  // Takes from what indexes may have: something else needs it at the same time.
  void Reserve(std::uint64_t bytes) noexcept {
    limit_bytes_ -= std::min(bytes, limit_bytes_);
    other_bytes_ += bytes;
  }

 private:
  std::uint64_t limit_bytes_;
  std::uint64_t other_bytes_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t most_bytes_ = 0;
};

// What opening files shares within one run. Not shared between threads.
struct OpenContext {
  // The program that runs the HDF5 library; empty: it is looked for beside the running program,
  // then in ../libexec/polyak.
  std::filesystem::path hdf5_helper;
  // How much memory a helper program may allocate; a format that starts one reserves it in the
  // index budget, and what the program's code takes.
  std::uint64_t helper_memory_bytes = std::uint64_t{64} << 20;
  IndexBudget index_budget;
  // Where unnamed temporary files go, for what can't be read in place; empty: /var/tmp or /tmp.
  std::filesystem::path temporary_folder;
  // The list of the checkpoint opened last: those of one run are alike nearly always, and share it.
  std::shared_ptr<const std::vector<TensorInfo>> last_tensors;
  // Set from anywhere, a signal handler too: waiting ends with Error (kCancelled). May be null.
  const std::atomic<bool>* stop = nullptr;
  // What a format keeps for the whole run (a helper process), by the format's name.
  std::map<std::string, std::any, std::less<>> per_run;
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
  // Throws Error (kCorrupt, kUnsupported, kSystem) without the file's name in front.
  std::unique_ptr<Checkpoint> (*open)(std::shared_ptr<const InputFile> file, OpenContext& context);
};

}  // namespace polyak
