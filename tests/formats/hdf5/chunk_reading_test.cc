// Boxes of chunked, compact and never written datasets against what the library reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "formats/hdf5/chunk_cache.h"
#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"
#include "support/files.h"

namespace polyak::hdf5 {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kShape[] = {19, 13, 7};

struct Layout {
  std::string name;
  std::vector<hsize_t> chunk;  // empty: compact
  bool is_deflated = false;
  bool is_shuffled = false;
  bool has_checksum = false;
  bool is_big_endian = false;
  bool is_half_written = false;
};

std::vector<Layout> Layouts() {
  std::vector<Layout> layouts = {{.name = "compact", .chunk = {}},
                                 {.name = "compact_be", .chunk = {}, .is_big_endian = true}};
  int number = 0;
  for (const std::vector<hsize_t>& chunk : std::vector<std::vector<hsize_t>>{
           {4, 4, 7}, {1, 13, 7}, {19, 13, 7}, {5, 3, 2}, {1, 1, 1}, {19, 1, 7}, {8, 13, 3}}) {
    for (int kind = 0; kind < 5; ++kind) {
      layouts.push_back({.name = "chunked" + std::to_string(number++),
                         .chunk = chunk,
                         .is_deflated = kind > 0,
                         .is_shuffled = kind > 1,
                         .has_checksum = kind == 3,
                         .is_big_endian = kind == 2,
                         .is_half_written = kind == 4});
    }
  }
  return layouts;
}

std::vector<float> Numbers() {
  std::vector<float> numbers(kShape[0] * kShape[1] * kShape[2]);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i) / 4;
  return numbers;
}

Id CreationOf(const Layout& layout) {
  Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const float fill = -2.5F;
  Succeeds(H5Pset_fill_value(creation, H5T_NATIVE_FLOAT, &fill));
  if (layout.chunk.empty()) {
    Succeeds(H5Pset_layout(creation, H5D_COMPACT));
  } else {
    Succeeds(H5Pset_chunk(creation, 3, layout.chunk.data()));
  }
  if (layout.is_shuffled) Succeeds(H5Pset_shuffle(creation));
  if (layout.is_deflated) Succeeds(H5Pset_deflate(creation, 3));
  if (layout.has_checksum) Succeeds(H5Pset_fletcher32(creation));
  return creation;
}

void WriteHalf(hid_t file, const std::string& name) {
  const Id dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  const Id space(H5Dget_space(dataset), H5Sclose);
  const hsize_t start[] = {3, 2, 0};
  const hsize_t count[] = {6, 5, 4};
  Succeeds(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr));
  const Id memory(H5Screate_simple(3, count, nullptr), H5Sclose);
  Succeeds(H5Dwrite(dataset, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, Numbers().data()));
}

class Hdf5ChunkReading : public Hdf5Files {
 protected:
  void Build() {
    FileBuilder builder(path_, 512);
    for (const Layout& layout : Layouts()) {
      std::vector<float> numbers = Numbers();
      auto* bytes = reinterpret_cast<unsigned char*>(numbers.data());
      if (layout.is_big_endian) {
        for (std::size_t i = 0; i < numbers.size(); ++i)
          std::reverse(bytes + 4 * i, bytes + 4 * i + 4);
      }
      const hid_t type = layout.is_big_endian ? H5T_IEEE_F32BE : H5T_IEEE_F32LE;
      builder.Dataset(layout.name, type, {kShape[0], kShape[1], kShape[2]},
                      layout.is_half_written ? nullptr : numbers.data(), CreationOf(layout));
      if (layout.is_half_written) WriteHalf(builder.file(), layout.name);
    }
  }

  // Any box, often a thin or a full one.
  static Box RandomBox(std::mt19937& random) {
    Box box{Coordinates(3, 0), Coordinates(3, 0)};
    for (std::size_t d = 0; d < 3; ++d) {
      box.start[d] = random() % 3 == 0 ? 0 : random() % kShape[d];
      box.count[d] =
          random() % 3 == 0 ? kShape[d] - box.start[d] : random() % (kShape[d] - box.start[d] + 1);
    }
    return box;
  }

  static std::vector<float> Expected(const std::vector<std::byte>& all, const Box& box) {
    std::vector<float> expected;
    for (std::uint64_t i = 0; i < ElementsIn(box); ++i) {
      float number = 0;
      std::memcpy(&number, &all[4 * ElementAt(kShape, box, i)], 4);
      expected.push_back(number);
    }
    return expected;
  }

  static std::vector<float> Read(const Checkpoint& checkpoint, std::size_t tensor, const Box& box) {
    std::vector<float> numbers(ElementsIn(box));
    checkpoint.Read(tensor, box, std::as_writable_bytes(std::span(numbers)));
    return numbers;
  }

  // Leaves so little of the cache for each checkpoint that chunks are read by way of a file.
  void LeaveNoCache() {
    for (int i = 0; i < 1 << 20; ++i) ChunkCache::Of(context_)->AddReader();
  }
  void LeaveLittleMemory() {
    context_.helper_memory_bytes = std::uint64_t{24} << 20;  // and 14 for its code: 1 is left
    context_.index_budget = IndexBudget(std::uint64_t{39} << 20);
  }
  void BuildMatrix(const std::vector<hsize_t>& chunk, bool has_checksum);
  static void ExpectMatrixByRows(const Checkpoint& checkpoint);
  void ExpectAnyBoxAndAnyRange(unsigned seed);
  void ExpectTheSameByManyThreads();

  std::filesystem::path path_ = folder_ / "layouts.h5";
};

constexpr std::uint64_t kRows = 256;
constexpr std::uint64_t kColumns = 1024;

void Hdf5ChunkReading::BuildMatrix(const std::vector<hsize_t>& chunk, bool has_checksum) {
  std::vector<float> numbers(kRows * kColumns);
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  Succeeds(H5Pset_chunk(creation, 2, chunk.data()));
  if (has_checksum) Succeeds(H5Pset_fletcher32(creation));
  FileBuilder(path_).Dataset("w", H5T_IEEE_F32LE, {kRows, kColumns}, numbers.data(), creation);
}

void Hdf5ChunkReading::ExpectMatrixByRows(const Checkpoint& checkpoint) {
  std::vector<float> expected(kColumns);
  for (std::uint64_t row = 0; row < kRows; ++row) {
    std::iota(expected.begin(), expected.end(), static_cast<float>(row * kColumns));
    std::vector<float> elements(kColumns);
    checkpoint.Read(0, RangeBox(row * kColumns, kColumns),
                    std::as_writable_bytes(std::span(elements)));
    ASSERT_EQ(elements, expected);
  }
}

void Hdf5ChunkReading::ExpectAnyBoxAndAnyRange(unsigned seed) {
  const auto checkpoint = OpenFile(path_);
  std::mt19937 random(seed);
  for (const Layout& layout : Layouts()) {
    SCOPED_TRACE(layout.name);
    const auto all = LibraryElements(path_, layout.name, H5T_NATIVE_FLOAT);
    const std::size_t tensor = IndexOf(*checkpoint, layout.name);
    ASSERT_EQ(checkpoint->tensors()[tensor].unreadable, "");
    EXPECT_EQ(Elements(*checkpoint, layout.name), all);
    for (int round = 0; round < 60; ++round) {
      const Box box = RandomBox(random);
      ASSERT_EQ(Read(*checkpoint, tensor, box), Expected(all, box));
      const std::uint64_t first = random() % (all.size() / 4);
      const Box range = RangeBox(first, random() % (all.size() / 4 - first + 1));
      ASSERT_EQ(Read(*checkpoint, tensor, range), Expected(all, range));
    }
  }
}

void Hdf5ChunkReading::ExpectTheSameByManyThreads() {
  const auto checkpoint = OpenFile(path_);
  const auto work = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (int round = 0; round < 300; ++round) {
      const std::size_t tensor = random() % checkpoint->tensors().size();
      const Box box = RandomBox(random);
      std::vector<float> all(checkpoint->tensors()[tensor].elements);
      checkpoint->Read(tensor, RangeBox(0, all.size()), std::as_writable_bytes(std::span(all)));
      const auto bytes = std::as_bytes(std::span(all));
      EXPECT_EQ(Read(*checkpoint, tensor, box), Expected({bytes.begin(), bytes.end()}, box));
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
}

// Of all files, by this process (proc(5): rchar of /proc/PID/io); 0: not known.
std::uint64_t BytesReadSoFar() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t bytes = 0;
  return io >> name >> bytes && name == "rchar:" ? bytes : 0;
}

TEST_F(Hdf5ChunkReading, GivesAnyBoxAndAnyRange) {
  Build();
  ExpectAnyBoxAndAnyRange(7);
}

TEST_F(Hdf5ChunkReading, GivesAnyBoxAndAnyRangeWhereTheCacheIsTooSmall) {
  Build();
  LeaveNoCache();
  ExpectAnyBoxAndAnyRange(8);
}

// Threads meet in the cache, which is too small for all chunks.
TEST_F(Hdf5ChunkReading, GivesTheSameToManyThreads) {
  Build();
  LeaveLittleMemory();
  ExpectTheSameByManyThreads();
}

TEST_F(Hdf5ChunkReading, GivesTheSameToManyThreadsWhereTheCacheIsTooSmall) {
  Build();
  LeaveNoCache();
  ExpectTheSameByManyThreads();
}

// Row by row, where a row crosses more chunks than the cache holds: what is read of the file is
// what is stored, once, and what comes back from the temporary file.
TEST_F(Hdf5ChunkReading, ReadsEachChunkOnceByRows) {
  BuildMatrix({256, 8}, true);
  LeaveLittleMemory();
  const auto checkpoint = OpenFile(path_);
  const std::uint64_t before = BytesReadSoFar();
  if (before == 0) GTEST_SKIP() << "the system doesn't count what is read";
  ExpectMatrixByRows(*checkpoint);
  EXPECT_LT(BytesReadSoFar() - before, 2 * checkpoint->tensors()[0].stored_bytes + 4096);
}

TEST_F(Hdf5ChunkReading, ReadsLongRowsOfUnfilteredChunksWhereTheyLie) {
  BuildMatrix({100, 130}, false);
  LeaveLittleMemory();
  context_.temporary_folder = "/nowhere";
  ExpectMatrixByRows(*OpenFile(path_));
}

TEST_F(Hdf5ChunkReading, NamesTheTensorAndTheFolderThatHasNoRoomForIt) {
  BuildMatrix({256, 8}, true);
  LeaveLittleMemory();
  context_.temporary_folder = "/nowhere";
  const auto checkpoint = OpenFile(path_);
  try {
    ExpectMatrixByRows(*checkpoint);
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kSystem);
    EXPECT_THAT(error.what(), HasSubstr("layouts.h5: w: /nowhere: cannot create a temporary file"));
  }
}

TEST_F(Hdf5ChunkReading, GivesTheFillValueOfWhatWasNeverWritten) {
  {
    FileBuilder builder(path_);
    const Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const float fill = 1.25F;
    Succeeds(H5Pset_fill_value(creation, H5T_NATIVE_FLOAT, &fill));
    builder.Dataset("filled", H5T_IEEE_F32BE, {3, 5}, nullptr, creation);
    builder.Dataset("zero", H5T_IEEE_F64LE, {3}, nullptr);
    Succeeds(H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER));
    builder.Dataset("nothing", H5T_IEEE_F32LE, {3}, nullptr, creation);
  }
  const auto checkpoint = OpenFile(path_);
  for (const char* name : {"filled", "zero"}) {
    const hid_t type = std::string(name) == "zero" ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT;
    EXPECT_EQ(Elements(*checkpoint, name), LibraryElements(path_, name, type)) << name;
  }
  EXPECT_THAT(Tensor(*checkpoint, "nothing").unreadable, HasSubstr("without a fill value"));
}

// The stored bytes one chunk after the other, in parts of any size.
TEST_F(Hdf5ChunkReading, GivesTheBytesAsTheyAreStored) {
  Build();
  const auto checkpoint = OpenFile(path_);
  std::mt19937 random(9);
  for (std::size_t tensor = 0; tensor < checkpoint->tensors().size(); ++tensor) {
    std::vector<std::byte> whole(checkpoint->tensors()[tensor].stored_bytes);
    checkpoint->ReadStored(tensor, 0, whole);
    for (std::size_t at = 0; at < whole.size();) {
      std::vector<std::byte> part(std::min<std::size_t>(1 + random() % 700, whole.size() - at));
      checkpoint->ReadStored(tensor, at, part);
      ASSERT_TRUE(std::ranges::equal(part, std::span(whole).subspan(at, part.size())));
      at += part.size();
    }
  }
}

TEST_F(Hdf5ChunkReading, NamesTheChunkThatIsDamaged) {
  const std::vector<float> numbers = Numbers();
  const Layout layout{.name = "w", .chunk = {4, 4, 7}, .is_deflated = true, .has_checksum = true};
  FileBuilder(path_).Dataset("w", H5T_IEEE_F32LE, {kShape[0], kShape[1], kShape[2]}, numbers.data(),
                             CreationOf(layout));
  std::uint64_t offset = 0;
  {
    const Id file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const Id dataset(H5Dopen2(file, "w", H5P_DEFAULT), H5Dclose);
    const Id space(H5Dget_space(dataset), H5Sclose);
    haddr_t address = 0;
    hsize_t bytes = 0;
    const hsize_t place[] = {4, 0, 0};
    Succeeds(H5Dget_chunk_info_by_coord(dataset, place, nullptr, &address, &bytes));
    offset = address + bytes / 2;
  }
  std::string file = test::ReadFile(path_);
  file[offset] = static_cast<char>(file[offset] ^ 0x55);
  folder_.Write("layouts.h5", file);
  const auto checkpoint = OpenFile(path_);
  try {
    Elements(*checkpoint, "w");
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_THAT(error.what(), HasSubstr("layouts.h5: w: chunk 4: a chunk has the wrong checksum"));
  }
}

TEST_F(Hdf5ChunkReading, TellsChunksOfTwoDatasetsApart) {
  Build();
  const auto checkpoint = OpenFile(path_);
  std::vector<std::uint64_t> ids;
  for (std::size_t t = 0; t < checkpoint->tensors().size(); ++t) {
    ids.push_back(checkpoint->PayloadId(t));
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

}  // namespace
}  // namespace polyak::hdf5
