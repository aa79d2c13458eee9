// Lies that a helper which has been taken over could tell: what it truly answered with places,
// sizes, counts, names and kinds changed, packets left out, doubled, put off, torn, without end.
// The same number gives the same lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hdf5/index.pb.h"
#include "fuzz/byte_mutator.h"

namespace polyak::test {

class ReplyMutator {
 public:
  explicit ReplyMutator(std::uint64_t number);

  // The packets to send instead of this one.
  std::vector<std::string> LiesFor(const std::string& truth);

  // Whether the memory that is shared gets another size, and which.
  bool ChangesMemory() { return lies_in_memory_ && random_.Below(4) != 0; }
  std::uint64_t MemoryBytes() { return random_.Below(3) == 0 ? random_.Below(64) : 200000; }
  // Whether the helper ends now.
  bool EndsNow() { return ends_early_ && random_.Below(4) == 0; }
  std::uint64_t ExitStatus() { return random_.Below(3); }

 private:
  std::string Lie(const std::string& truth);
  void ChangeReply(hdf5::wire::Reply& reply);
  void ChangeDataset(hdf5::wire::Dataset& dataset);
  void ChangeType(hdf5::wire::ElementType& type);
  void ChangeChunks(hdf5::wire::Chunks& chunks);
  void ChangeAttribute(hdf5::wire::Attribute& attribute);
  void ChangeCoded(hdf5::wire::Coded& coded);
  void ChangeRewrite(hdf5::wire::Reply& reply);
  std::uint64_t Odd() {
    return random_.Below(3) == 0 ? random_.Below(20000) : random_.OddNumber(8192);
  }

  ByteMutator random_;
  std::uint64_t first_lie_;  // how many packets are true before it
  std::uint64_t packets_ = 0;
  bool lies_on_ = false;  // after the first lie, too
  bool lies_in_memory_ = false;
  bool ends_early_ = false;
  std::string put_off_;
};

}  // namespace polyak::test
