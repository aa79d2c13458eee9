// A file without a name, in the folder of an output: for what must be kept until it is known where
// it goes, and may not fit in memory. It goes with the object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "io/descriptor_cache.h"
#include "io/input_file.h"

namespace polyak {

class SpillFile {
 public:
  // Throws Error (kSystem), as all of its functions do, with the output's name in front.
  explicit SpillFile(const std::filesystem::path& output);
  // In a folder, for a file that isn't an output: errors have its name.
  SpillFile(const std::filesystem::path& folder, std::filesystem::path name);

  // `wanted`, or where that is empty /var/tmp or /tmp.
  static std::filesystem::path TemporaryFolder(const std::filesystem::path& wanted);

  // Takes the room for so many bytes, where the file system can: that there is too little then
  // shows before the work, not in the middle of it.
  void Reserve(std::uint64_t bytes) const;
  // Any thread, disjoint ranges.
  void WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) const;
  // What was written before. Any thread.
  void ReadAt(std::uint64_t offset, std::span<std::byte> bytes) const;
  // What was written, to be read. Nothing is written behind its end any more.
  std::shared_ptr<const InputFile> AsInput() const;

 private:
  [[noreturn]] void FailBySystem(std::string_view what, int error_number) const;

  std::filesystem::path output_;
  std::shared_ptr<const Descriptor> file_;
};

}  // namespace polyak
