// Changes .keras archives: the fields of the zip archive's records, and what is in its members with
// the checksums put right, so that the mutant isn't refused for those alone. Deterministic.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fuzz/byte_mutator.h"
#include "fuzz/hdf5_checksums.h"

namespace polyak::test {

class ArchiveMutator {
 public:
  // A good archive, of stored members, without zip64.
  explicit ArchiveMutator(std::string archive);

  std::string Next(ByteMutator& mutator) const;

 private:
  struct Member {
    std::size_t header = 0;
    std::size_t content = 0;
    std::size_t bytes = 0;
    std::size_t entry = 0;  // in the directory
  };

  void ChangeRecord(std::string& archive, ByteMutator& mutator) const;
  void ChangeContent(std::string& archive, ByteMutator& mutator) const;

  std::string archive_;
  Hdf5Checksums checksums_;
  std::vector<Member> members_;
};

}  // namespace polyak::test
