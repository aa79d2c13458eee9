#include "engine/payload_hashes.h"

#if POLYAK_HAS_XXHASH_DISPATCH
// Replaces the functions of xxhash.h by those that ask the processor: the library's own are built
// for any x86-64 and hash 5.5 GB/s of a grain where these hash 45 (measured, Zen 4).
#include <xxh_x86dispatch.h>
#endif

#include <new>
#include <utility>

namespace polyak {
namespace {

std::string Hexadecimal(const XXH128_hash_t& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

GrainHash::GrainHash() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

void GrainHash::Add(std::span<const std::byte> bytes) noexcept {
  XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

XXH128_hash_t GrainHash::Take() noexcept {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  XXH3_128bits_reset(state_.get());
  return hash;
}

PayloadHashes::PayloadHashes(std::size_t inputs) {
  // The library's first call notes what the processor has, in no way that is safe for threads.
  static const XXH128_hash_t first = XXH3_128bits("", 0);
  static_cast<void>(first);
  for (std::size_t k = 0; k < inputs; ++k) {
    states_.emplace_back(XXH3_createState());
    if (!states_.back()) throw std::bad_alloc();
    XXH3_128bits_reset(states_.back().get());
  }
}

void PayloadHashes::Add(std::size_t job, std::vector<XXH128_hash_t> hashes) {
  const MutexLock lock(mutex_);
  waiting_.emplace(job, std::move(hashes));
  for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_job_;
       first = waiting_.begin(), ++next_job_) {
    Fold(first->second);
    waiting_.erase(first);
  }
}

void PayloadHashes::Fold(const std::vector<XXH128_hash_t>& hashes) {
  const std::size_t grains = hashes.size() / states_.size();
  for (std::size_t k = 0; k < states_.size(); ++k) {
    for (std::size_t grain = 0; grain < grains; ++grain) {
      XXH128_canonical_t canonical;
      XXH128_canonicalFromHash(&canonical, hashes[k * grains + grain]);
      XXH3_128bits_update(states_[k].get(), canonical.digest, sizeof canonical.digest);
    }
  }
}

std::vector<std::string> PayloadHashes::Finish() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& state : states_) texts.push_back(Hexadecimal(XXH3_128bits_digest(state.get())));
  return texts;
}

}  // namespace polyak
