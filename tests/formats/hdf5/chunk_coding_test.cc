// Filters against the HDF5 library's own, in both directions, and against damage.
#include "formats/hdf5/chunk_coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/filter_names.h"
#include "formats/hdf5/fletcher32.h"
#include "formats/hdf5/lzf.h"
#include "formats/hdf5/script_folder.h"

namespace polyak::hdf5 {
namespace {

using Bytes = std::vector<std::byte>;

// Numbers that compress a little: floats of a small range.
Bytes SomeElements(std::size_t bytes, unsigned seed = 1) {
  std::mt19937 random(seed);
  Bytes elements(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    const auto value = i % 4 < 2 ? random() % 256 : i / 64 % 5;
    elements[i] = static_cast<std::byte>(value);
  }
  return elements;
}

// A dataset of one chunk of bytes with these filters, which the library applies for itself.
class LibraryChunk {
 public:
  LibraryChunk(const std::filesystem::path& path, std::size_t elements, std::size_t element_bytes,
               std::span<const Filter> filters)
      : builder_(path), bytes_(elements * element_bytes) {
    const Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const hsize_t dims = elements;
    Succeeds(H5Pset_chunk(creation, 1, &dims));
    for (const Filter& filter : filters) Set(creation, filter);
    type_ = std::make_unique<Id>(H5Tcreate(H5T_OPAQUE, element_bytes), H5Tclose);
    const Id space(H5Screate_simple(1, &dims, nullptr), H5Sclose);
    dataset_ = std::make_unique<Id>(
        H5Dcreate2(builder_.file(), "d", *type_, space, H5P_DEFAULT, creation, H5P_DEFAULT),
        H5Dclose);
  }

  EncodedChunk Encode(const Bytes& elements) {
    Succeeds(H5Dwrite(*dataset_, *type_, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()));
    Succeeds(H5Dflush(*dataset_));
    hsize_t size = 0;
    const hsize_t offset = 0;
    Succeeds(H5Dget_chunk_storage_size(*dataset_, &offset, &size));
    stored_.resize(size);
    EncodedChunk chunk;
    Succeeds(H5Dread_chunk(*dataset_, H5P_DEFAULT, &offset, &chunk.mask, stored_.data()));
    chunk.bytes = stored_;
    return chunk;
  }

  Bytes Decode(const EncodedChunk& chunk) {
    const hsize_t offset = 0;
    Succeeds(H5Dwrite_chunk(*dataset_, H5P_DEFAULT, chunk.mask, &offset, chunk.bytes.size(),
                            chunk.bytes.data()));
    Bytes elements(bytes_);
    Succeeds(H5Dread(*dataset_, *type_, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()));
    return elements;
  }

 private:
  static void Set(hid_t creation, const Filter& filter) {
    const unsigned flags = filter.is_optional ? H5Z_FLAG_OPTIONAL : H5Z_FLAG_MANDATORY;
    // The library sets the element's size by itself.
    const bool is_deflate = filter.number == kDeflate;
    Succeeds(H5Pset_filter(creation, static_cast<H5Z_filter_t>(filter.number), flags,
                           is_deflate ? 1 : 0, is_deflate ? filter.values.data() : nullptr));
  }

  FileBuilder builder_;
  std::size_t bytes_;
  std::unique_ptr<Id> type_;
  std::unique_ptr<Id> dataset_;
  Bytes stored_;
};

struct Pipeline {
  std::string name;
  std::vector<std::uint32_t> numbers;
};

class EveryPipeline : public ::testing::TestWithParam<Pipeline> {
 protected:
  static std::vector<Filter> Filters(std::uint32_t element_bytes) {
    std::vector<Filter> filters;
    for (const std::uint32_t number : GetParam().numbers) {
      Filter filter{.number = number, .is_optional = number == kDeflate, .values = {}};
      if (number == kDeflate) filter.values = {4};
      if (number == kShuffle) filter.values = {element_bytes};
      filters.push_back(filter);
    }
    return filters;
  }
};

constexpr std::size_t kElementCounts[] = {1, 2, 3, 15, 16, 17, 63, 64, 65, 359, 361, 721, 5000};
constexpr std::uint32_t kElementSizes[] = {1, 2, 3, 4, 8, 12, 16};

template <class Visitor>
void ForEachSize(const Visitor& visit) {
  const ScriptFolder folder;
  for (const std::size_t count : kElementCounts) {
    for (const std::uint32_t size : kElementSizes) {
      SCOPED_TRACE(std::to_string(count) + " elements of " + std::to_string(size) + " bytes");
      visit(folder / "one.h5", count, size);
    }
  }
}

TEST_P(EveryPipeline, DecodesWhatTheLibraryEncoded) {
  ForEachSize([](const auto& path, std::size_t count, std::uint32_t size) {
    const std::vector<Filter> filters = Filters(size);
    const Bytes elements = SomeElements(count * size);
    LibraryChunk library(path, count, size, filters);
    const EncodedChunk stored = library.Encode(elements);
    Bytes decoded(elements.size());
    CodingBuffers buffers;
    DecodeChunk(filters, stored.mask, stored.bytes, decoded, buffers);
    EXPECT_EQ(decoded, elements);
    EXPECT_LE(stored.bytes.size(), MostStoredBytes(filters, elements.size()));
  });
}

TEST_P(EveryPipeline, EncodesWhatTheLibraryDecodes) {
  ForEachSize([](const auto& path, std::size_t count, std::uint32_t size) {
    const std::vector<Filter> filters = Filters(size);
    const Bytes elements = SomeElements(count * size);
    CodingBuffers buffers;
    const EncodedChunk stored = EncodeChunk(filters, elements, buffers);
    LibraryChunk library(path, count, size, filters);
    EXPECT_EQ(library.Decode(stored), elements);
    EXPECT_LE(stored.bytes.size(), MostStoredBytes(filters, elements.size()));
  });
}

// Any of the filters may have been left out of one chunk.
TEST_P(EveryPipeline, DecodesWithEveryMask) {
  const std::vector<Filter> filters = Filters(4);
  const Bytes elements = SomeElements(4 * 333);
  for (std::uint32_t mask = 0; mask < 1U << filters.size(); ++mask) {
    std::vector<Filter> applied;
    for (std::size_t i = 0; i < filters.size(); ++i) {
      if ((mask >> i & 1U) == 0) applied.push_back(filters[i]);
    }
    CodingBuffers buffers;
    CodingBuffers others;
    const EncodedChunk stored = EncodeChunk(applied, elements, buffers);
    Bytes decoded(elements.size());
    DecodeChunk(filters, mask, stored.bytes, decoded, others);
    EXPECT_EQ(decoded, elements) << mask;
  }
}

// What comes out is an error or of the right size; sanitizers see what is read and written.
TEST_P(EveryPipeline, SurvivesDamagedBytes) {
  const std::vector<Filter> filters = Filters(4);
  const Bytes elements = SomeElements(4 * 500);
  CodingBuffers buffers;
  const EncodedChunk stored = EncodeChunk(filters, elements, buffers);
  std::mt19937 random(5);
  CodingBuffers others;
  for (int round = 0; round < 500; ++round) {
    Bytes damaged(stored.bytes.begin(), stored.bytes.end());
    for (unsigned i = random() % 4; i-- > 0;) {
      damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    }
    if (round % 3 == 0) damaged.resize(random() % damaged.size());
    Bytes decoded(elements.size());
    try {
      DecodeChunk(filters, 0, damaged, decoded, others);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Filters, EveryPipeline,
    ::testing::Values(Pipeline{"none", {}}, Pipeline{"deflate", {kDeflate}},
                      Pipeline{"shuffle", {kShuffle}}, Pipeline{"fletcher", {kFletcher32}},
                      Pipeline{"shuffle_deflate", {kShuffle, kDeflate}},
                      Pipeline{"deflate_shuffle", {kDeflate, kShuffle}},
                      Pipeline{"shuffle_deflate_fletcher", {kShuffle, kDeflate, kFletcher32}},
                      Pipeline{"fletcher_shuffle_deflate", {kFletcher32, kShuffle, kDeflate}},
                      Pipeline{"fletcher_shuffle", {kFletcher32, kShuffle}},
                      Pipeline{"deflate_twice", {kDeflate, kFletcher32, kDeflate}}),
    [](const auto& pipeline) { return pipeline.param.name; });

std::string ErrorOfDecoding(const std::vector<Filter>& filters, const Bytes& stored,
                            std::size_t bytes) {
  Bytes elements(bytes);
  CodingBuffers buffers;
  try {
    DecodeChunk(filters, 0, stored, elements, buffers);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

const Filter kSomeDeflate{.number = kDeflate, .is_optional = true, .values = {9}};
const Filter kChecksum{.number = kFletcher32, .is_optional = false, .values = {}};

TEST(ChunkCoding, NamesTheChecksumThatIsWrong) {
  Bytes stored(8 + 4);
  EXPECT_EQ(ErrorOfDecoding({kChecksum}, stored, 8), "none");
  stored[8] = std::byte{1};
  EXPECT_EQ(ErrorOfDecoding({kChecksum}, stored, 8),
            "a chunk has the wrong checksum (found 00000001, expected 00000000)");
}

// H5Zfletcher32.c takes both.
TEST(ChunkCoding, TakesTheChecksumOfOldLibraries) {
  const Bytes elements = SomeElements(100);
  const std::uint32_t checksum = OldFletcher32(Fletcher32(elements));
  Bytes stored = elements;
  for (unsigned b = 0; b < 4; ++b) stored.push_back(static_cast<std::byte>(checksum >> (8 * b)));
  EXPECT_EQ(ErrorOfDecoding({kChecksum}, stored, 100), "none");
}

TEST(ChunkCoding, RefusesBombsAndShortChunks) {
  CodingBuffers buffers;
  const EncodedChunk zeros = EncodeChunk(std::vector{kSomeDeflate}, Bytes(1 << 20), buffers);
  const Bytes stored(zeros.bytes.begin(), zeros.bytes.end());
  EXPECT_EQ(ErrorOfDecoding({kSomeDeflate}, stored, 1000),
            "a chunk inflates to more than its 1000 bytes");
  EXPECT_EQ(ErrorOfDecoding({kSomeDeflate}, stored, (1 << 20) + 1),
            "a chunk has the wrong size (found 1048576 bytes, expected 1048577)");
  EXPECT_EQ(ErrorOfDecoding({kSomeDeflate}, Bytes(50), 10),
            "a chunk's deflated bytes make no sense");
  EXPECT_EQ(ErrorOfDecoding({}, Bytes(50), 49),
            "a chunk has the wrong size (found 50 bytes, expected 49)");
}

TEST(ChunkCoding, NamesAFilterThatNobodyHas) {
  const std::vector<Filter> blosc = {{.number = 32001, .is_optional = false, .values = {}}};
  EXPECT_EQ(WhyNotCodable(blosc), "its filter blosc (32001) is not supported");
  const std::vector<Filter> unknown = {{.number = 4711, .is_optional = false, .values = {}}};
  EXPECT_EQ(WhyNotCodable(unknown), "its filter 4711 is not supported");
  EXPECT_EQ(WhyNotCodable(std::vector{kSomeDeflate, kChecksum}), "");
}

// h5py writes no more than the elements take, and so skips what doesn't compress.
TEST(ChunkCoding, LeavesLzfOutWhereItBringsNothing) {
  const std::vector<Filter> lzf = {
      {.number = kLzf, .is_optional = true, .values = {4, 0x105, 400}}};
  std::mt19937 random(3);
  Bytes noise(400);
  for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
  CodingBuffers buffers;
  const EncodedChunk stored = EncodeChunk(lzf, noise, buffers);
  EXPECT_EQ(stored.mask, 1U);
  EXPECT_EQ(Bytes(stored.bytes.begin(), stored.bytes.end()), noise);
}

// Runs, repeats far away, and lengths around each limit of the encoding.
TEST(Lzf, GivesBackWhatItCompressed) {
  std::mt19937 random(8);
  for (std::size_t round = 0; round < 400; ++round) {
    Bytes bytes;
    const std::size_t wanted = round < 300 ? round : random() % 40000;
    while (bytes.size() < wanted) {
      const std::size_t length = 1 + random() % 600;
      if (bytes.empty() || random() % 2 == 0) {
        for (std::size_t i = 0; i < length; ++i) bytes.push_back(std::byte(random() % 4 * 60));
      } else {
        const std::size_t back = 1 + random() % std::min<std::size_t>(bytes.size(), 9000);
        for (std::size_t i = 0; i < length; ++i) bytes.push_back(bytes[bytes.size() - back]);
      }
    }
    Bytes packed(bytes.size() + bytes.size() / 32 + 2);
    const auto used = CompressLzf(bytes, packed);
    ASSERT_TRUE(used) << round;
    Bytes unpacked(bytes.size());
    EXPECT_EQ(DecompressLzf(std::span(packed).first(*used), unpacked), bytes.size());
    ASSERT_EQ(unpacked, bytes) << round;
  }
}

}  // namespace
}  // namespace polyak::hdf5
