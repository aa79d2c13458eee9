// Mutants of a checkpoint of any format: one of its files is changed in ways that its own structure
// invites. The same number gives the same mutant.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/archive_mutator.h"
#include "fuzz/byte_mutator.h"
#include "fuzz/hdf5_checksums.h"

namespace polyak::test {

class CheckpointMutator {
 public:
  // The files of a good checkpoint, all that the folder has.
  explicit CheckpointMutator(const std::filesystem::path& folder);

  // Writes the files of the mutant number `number` into the folder.
  void Write(std::uint64_t number, const std::filesystem::path& folder) const;

 private:
  struct File {
    std::string name;
    std::string bytes;
    std::optional<ArchiveMutator> archive;
    std::optional<Hdf5Checksums> checksums;  // of HDF5
  };

  static std::string Mutant(const File& file, std::uint64_t number);

  std::vector<File> files_;
};

}  // namespace polyak::test
