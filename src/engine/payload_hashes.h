// Hashes of what was read of each input, for the provenance record.
//
// Each grain of 256 KiB of a tensor's row-major payload (native order) is hashed by XXH3-128; where
// the template stores a tensor in chunks, each chunk (cut off at the tensor's edges, row-major
// inside) is a grain instead: it is decoded once, and its rows lie in many runs of 256 KiB. The
// canonical hashes of all grains, in order of the tensors averaged, are hashed by XXH3-128
// again. So the hash comes out of one parallel pass and depends on no thread, tile or budget.
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/mutex.h"

namespace polyak {

struct FreeHashState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

// The hash of one grain, tile by tile. Not shared between threads. Throws std::bad_alloc from the
// constructor only.
class GrainHash {
 public:
  GrainHash();
  void Add(std::span<const std::byte> bytes) noexcept;
  // The hash of what was added since the last call.
  XXH128_hash_t Take() noexcept;

 private:
  std::unique_ptr<XXH3_state_t, FreeHashState> state_;
};

// Add may be called from any thread; the others when nothing else is under way.
class PayloadHashes {
 public:
  explicit PayloadHashes(std::size_t inputs);

  // The hashes of one job's grains: [input][grain], flat. Jobs come in any order.
  void Add(std::size_t job, std::vector<XXH128_hash_t> hashes);
  // 32 hexadecimal digits per input.
  std::vector<std::string> Finish() const;

 private:
  void Fold(const std::vector<XXH128_hash_t>& hashes) POLYAK_REQUIRES(mutex_);

  mutable Mutex mutex_;  // guards the folding, which goes in order of the jobs
  std::vector<std::unique_ptr<XXH3_state_t, FreeHashState>> states_ POLYAK_GUARDED_BY(mutex_);
  std::size_t next_job_ POLYAK_GUARDED_BY(mutex_) = 0;
  std::map<std::size_t, std::vector<XXH128_hash_t>> waiting_ POLYAK_GUARDED_BY(mutex_);
};

}  // namespace polyak
