// A libFuzzer target: coding of chunks. The first bytes choose the filters, the mask and the size
// of the elements; the rest is decoded as a stored chunk, and encoded as elements, which must come
// back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/error.h"
#include "formats/hdf5/chunk_coding.h"

namespace polyak::test {
namespace {

// deflate, shuffle, fletcher32, lzf
constexpr std::uint32_t kNumbers[] = {1, 2, 3, 32000};

class Choice {
 public:
  explicit Choice(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t Take() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::vector<hdf5::Filter> TakeFilters() {
    std::vector<hdf5::Filter> filters(Take() % 5);
    for (hdf5::Filter& filter : filters) {
      const std::uint8_t kind = Take();
      filter.number = kNumbers[kind % 4];
      filter.is_optional = (kind & 16) != 0;
      for (int i = kind >> 6; i > 0; --i) filter.values.push_back(Take());
    }
    return filters;
  }
  std::span<const std::byte> Rest() const { return std::as_bytes(bytes_); }

 private:
  std::span<const std::uint8_t> bytes_;
};

void Decode(const std::vector<hdf5::Filter>& filters, std::uint32_t mask, std::size_t element_bytes,
            std::span<const std::byte> stored, hdf5::CodingBuffers& buffers) {
  // As large as it is, so that a sanitizer sees a byte too many.
  const std::vector<std::byte> exact(stored.begin(), stored.end());
  std::vector<std::byte> elements(element_bytes);
  try {
    hdf5::DecodeChunk(filters, mask, exact, elements, buffers);
  } catch (const Error&) {
    return;
  }
}

void ThereAndBack(const std::vector<hdf5::Filter>& filters, std::span<const std::byte> elements,
                  hdf5::CodingBuffers& buffers) {
  const std::vector<std::byte> exact(elements.begin(), elements.end());
  try {
    const hdf5::EncodedChunk encoded = hdf5::EncodeChunk(filters, exact, buffers);
    const std::vector<std::byte> stored(encoded.bytes.begin(), encoded.bytes.end());
    std::vector<std::byte> back(exact.size());
    hdf5::DecodeChunk(filters, encoded.mask, stored, back, buffers);
    if (back == exact) return;
    std::fprintf(stderr, "a chunk doesn't come back\n");
    std::abort();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUnsupported) return;
    std::fprintf(stderr, "what was encoded can't be decoded: %s\n", error.what());
    std::abort();
  }
}

}  // namespace
}  // namespace polyak::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace polyak::test;
  static polyak::hdf5::CodingBuffers buffers;
  Choice choice({bytes, count});
  const std::vector<polyak::hdf5::Filter> filters = choice.TakeFilters();
  const std::uint32_t mask = choice.Take();
  const std::size_t element_bytes = 1U + choice.Take() + 16U * choice.Take();
  Decode(filters, mask, element_bytes, choice.Rest(), buffers);
  if (!choice.Rest().empty()) ThereAndBack(filters, choice.Rest(), buffers);
  return 0;
}
