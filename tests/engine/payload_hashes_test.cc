#include "engine/payload_hashes.h"

#include <gtest/gtest.h>

#include <array>

namespace polyak {
namespace {

XXH128_hash_t Hash(std::string_view text) { return XXH3_128bits(text.data(), text.size()); }

// The definition in the header, by one-shot calls.
std::string Joined(const std::vector<std::string>& grains) {
  std::string all;
  for (const std::string& grain : grains) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, Hash(grain));
    all.append(reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest);
  }
  const XXH128_hash_t hash = Hash(all);
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text.data();
}

TEST(PayloadHashes, DoNotDependOnTheOrderInWhichJobsEnd) {
  const std::vector<std::string> a = {"one", "two", "three"};
  const std::vector<std::string> b = {"eins", "zwei", "drei"};
  for (const auto& order : {std::array{0, 1}, std::array{1, 0}}) {
    PayloadHashes hashes(2);
    for (const int job : order) {
      if (job == 0) hashes.Add(0, {Hash(a[0]), Hash(a[1]), Hash(b[0]), Hash(b[1])});
      if (job == 1) hashes.Add(1, {Hash(a[2]), Hash(b[2])});
    }
    EXPECT_EQ(hashes.Finish(), (std::vector<std::string>{Joined(a), Joined(b)}));
  }
}

TEST(GrainHash, IsTheSameInParts) {
  GrainHash hash;
  const std::string text(300000, 'x');
  hash.Add(std::as_bytes(std::span(text)).first(1000));
  hash.Add(std::as_bytes(std::span(text)).subspan(1000));
  EXPECT_TRUE(XXH128_isEqual(hash.Take(), Hash(text)));
  hash.Add(std::as_bytes(std::span("y", 1)));
  EXPECT_TRUE(XXH128_isEqual(hash.Take(), Hash("y")));
}

}  // namespace
}  // namespace polyak
