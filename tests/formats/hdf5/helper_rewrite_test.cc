// Rewritten files, put together as the helper says, against the library that reads them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "confinement/sanitized.h"
#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/helper_client.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/script_folder.h"

namespace polyak::hdf5 {
namespace {

using ::testing::ElementsAre;

constexpr hsize_t kChunkElements = 100;
constexpr hsize_t kChunks = 12;
constexpr unsigned kSkipped = 1;  // the mask of a chunk whose only filter was skipped

// Names every version of the superblock: a user block, whether the format is new, and how free
// space is kept.
struct RewriteCase {
  const char* name;
  hsize_t user_block_bytes;
  bool is_new_format;
  bool keeps_free_space;
  bool has_chunks_of_one_place;
};

void PrintTo(const RewriteCase& given, std::ostream* out) { *out << given.name; }

constexpr RewriteCase kRewriteCases[] = {
    {"Old", 0, false, false, false},
    {"OldBehindAUserBlock", 2048, false, false, false},
    {"New", 0, true, false, false},
    {"NewBehindAUserBlock", 512, true, false, false},
    {"NewWithFreeSpaceKept", 0, true, true, false},
    {"NewWithOneChunk", 0, true, false, true},
    {"OldWithOneChunk", 0, false, false, true},
};

// As it would be stored unfiltered: numbers from `first` on.
std::string ChunkOf(int first) {
  std::vector<int> values(kChunkElements);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<int>(i);
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int)};
}

class HelperRewrite : public ::testing::TestWithParam<RewriteCase> {
 protected:
  HelperRewrite() { WriteTemplate(); }

  Id Create() const {
    const Id creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
    Succeeds(H5Pset_userblock(creation, GetParam().user_block_bytes));
    if (GetParam().keeps_free_space) {
      Succeeds(H5Pset_file_space_strategy(creation, H5F_FSPACE_STRATEGY_FSM_AGGR, 1, 1));
    }
    const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    if (GetParam().is_new_format) {
      Succeeds(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
    }
    return {H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose};
  }

  // Chunked "a" and "b", compact "c", never written "d", contiguous "e"; all keep their times.
  void WriteTemplate() const {
    const Id file = Create();
    const hsize_t elements = Places() * kChunkElements;
    const std::vector<int> values(elements, 5);
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      const Id creation = CreationList();
      if (*name <= 'b') {
        Succeeds(H5Pset_chunk(creation, 1, &kChunkElements));
        Succeeds(H5Pset_deflate(creation, 4));
      }
      if (*name == 'c') Succeeds(H5Pset_layout(creation, H5D_COMPACT));
      const Id space(H5Screate_simple(1, &elements, nullptr), H5Sclose);
      const Id dataset(
          H5Dcreate2(file, name, H5T_STD_I32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT),
          H5Dclose);
      if (*name == 'd') continue;
      Succeeds(H5Dwrite(dataset, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
    }
  }

  hsize_t Places() const { return GetParam().has_chunks_of_one_place ? 1 : kChunks; }

  std::uint64_t AddressOf(const std::string& name) {
    return helper_.Index(path_).datasets.at(name).described.object_address();
  }

  // New chunks without compression: all of `name`, numbered from `first` on.
  wire::Rewrite NewChunks(const std::string& name) {
    wire::Rewrite part;
    wire::ChunkedWrite& write = *part.add_chunked();
    write.set_object_address(AddressOf(name));
    write.set_replaces_all(true);
    for (hsize_t place = 0; place < Places(); ++place) {
      write.add_chunks(place);
      write.add_bytes(kChunkElements * sizeof(int));
      write.add_masks(kSkipped);
    }
    return part;
  }

  // The file as the answer has it, with these elements at its places. None of it may overlap.
  std::filesystem::path Put(const RewriteAnswer& answer, const std::vector<std::string>& elements,
                            const std::string& name) const {
    std::string bytes = test::ReadFile(path_);
    bytes.resize(answer.image_bytes, '\0');
    std::vector<bool> is_taken(bytes.size());
    const auto put = [&](std::uint64_t offset, const std::string& piece) {
      ASSERT_LE(offset + piece.size(), bytes.size());
      for (std::size_t i = 0; i < piece.size(); ++i) {
        ASSERT_FALSE(is_taken[offset + i]) << offset + i;
        is_taken[offset + i] = true;
      }
      bytes.replace(offset, piece.size(), piece);
    };
    for (const auto& [offset, piece] : answer.patches) put(offset, piece);
    EXPECT_EQ(answer.places.size(), elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) put(answer.places.at(i), elements[i]);
    return folder_.Write(name, bytes);
  }

  static std::string Read(const std::filesystem::path& path, const std::string& name) {
    const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const Id dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
    const Id space(H5Dget_space(dataset), H5Sclose);
    std::string elements(
        static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) * sizeof(int), '\0');
    Succeeds(H5Dread(dataset, H5T_STD_I32LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()));
    return elements;
  }

  static std::string TextOf(const std::filesystem::path& path, const std::string& name) {
    const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const Id attribute(H5Aopen_by_name(file, "/", name.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                       H5Aclose);
    const Id type(H5Aget_type(attribute), H5Tclose);
    std::string text(H5Tget_size(type), '\0');
    Succeeds(H5Aread(attribute, type, text.data()));
    return text;
  }

  // Where each object is and the times that it has.
  static auto ObjectsOf(const std::filesystem::path& path) {
    const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    std::vector<std::tuple<haddr_t, time_t, time_t, time_t, time_t>> objects;
    for (const char* name : {"/", "a", "b", "c", "d", "e"}) {
      H5O_info_t info{};
      Succeeds(H5Oget_info_by_name(file, name, &info, H5P_DEFAULT));
      objects.emplace_back(info.addr, info.atime, info.mtime, info.ctime, info.btime);
    }
    return objects;
  }

  // Everything at once.
  std::vector<wire::Rewrite> AllParts(const std::string& record) {
    std::vector<wire::Rewrite> parts = {NewChunks("a"), NewChunks("b")};
    wire::Rewrite& last = parts.emplace_back();
    last.add_allocated(AddressOf("d"));
    wire::CompactWrite& compact = *last.add_compact();
    compact.set_object_address(AddressOf("c"));
    compact.set_values(std::string(Places() * kChunkElements * sizeof(int), 'c'));
    last.add_record(record);
    return parts;
  }

  std::vector<std::string> AllElements() const {
    std::vector<std::string> elements;
    for (hsize_t i = 0; i < 2 * Places(); ++i) elements.push_back(ChunkOf(static_cast<int>(i)));
    elements.emplace_back(Places() * kChunkElements * sizeof(int), 'd');
    return elements;
  }

  ScriptFolder folder_;
  std::filesystem::path path_ = folder_ / "template.h5";
  HelperClient helper_;
};

TEST_P(HelperRewrite, GivesAFileThatHasAllThatWasAsked) {
  const auto old_objects = ObjectsOf(path_);
  const std::string old_e = Read(path_, "e");
  const RewriteAnswer answer = helper_.Rewrite(path_, AllParts("the record"));
  ASSERT_FALSE(answer.failure) << answer.failure->text();
  const auto result = Put(answer, AllElements(), "result.h5");
  std::string a;
  std::string b;
  for (hsize_t i = 0; i < Places(); ++i) {
    a += ChunkOf(static_cast<int>(i));
    b += ChunkOf(static_cast<int>(Places() + i));
  }
  EXPECT_EQ(Read(result, "a"), a);
  EXPECT_EQ(Read(result, "b"), b);
  EXPECT_EQ(Read(result, "c"), std::string(a.size(), 'c'));
  EXPECT_EQ(Read(result, "d"), std::string(a.size(), 'd'));
  EXPECT_EQ(Read(result, "e"), old_e);
  EXPECT_EQ(TextOf(result, "polyak"), "the record");
  EXPECT_EQ(ObjectsOf(result), old_objects);
  const std::string before = test::ReadFile(path_);
  const std::string after = test::ReadFile(result);
  const std::size_t superblock = GetParam().user_block_bytes;
  EXPECT_EQ(after.substr(0, superblock + 12), before.substr(0, superblock + 12))
      << "the superblock's version and flags";
}

TEST_P(HelperRewrite, SaysThatAChunkIsTooLargeForTheIndex) {
  // Three bytes: chunks of 400 may grow so far. An old index has four, and the same limit.
  constexpr std::uint32_t kLargest = (1U << 24) - 1;
  wire::Rewrite part = NewChunks("a");
  part.mutable_chunked(0)->set_bytes(0, kLargest + 1);
  const RewriteAnswer answer = helper_.Rewrite(path_, {part});
  ASSERT_TRUE(answer.failure);
  EXPECT_EQ(answer.failure->kind(), wire::Failure::DAMAGED);
  EXPECT_THAT(answer.failure->text(), ::testing::HasSubstr("chunk size can't be encoded"));
  part.mutable_chunked(0)->set_bytes(0, kLargest);
  EXPECT_FALSE(HelperClient().Rewrite(path_, {part}).failure);
}

TEST_P(HelperRewrite, GivesTheSameASecondLater) {
  const RewriteAnswer first = helper_.Rewrite(path_, AllParts("the record"));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  const RewriteAnswer second = HelperClient().Rewrite(path_, AllParts("the record"));
  ASSERT_FALSE(first.failure || second.failure);
  EXPECT_EQ(first.places, second.places);
  EXPECT_EQ(first.patches, second.patches);
  EXPECT_EQ(first.image_bytes, second.image_bytes);
}

TEST_P(HelperRewrite, ReplacesAnEarlierRecord) {
  const std::string record = std::string(kMostBytesOfAttribute - 1, 'r') + "\xc3\xa9" +
                             std::string(kMostBytesOfAttribute, 's');
  wire::Rewrite part;
  part.add_record(record.substr(0, 70000));
  wire::Rewrite rest;
  rest.add_record(record.substr(70000));
  const RewriteAnswer answer = helper_.Rewrite(path_, {part, rest});
  ASSERT_FALSE(answer.failure) << answer.failure->text();
  const auto result = Put(answer, {}, "result.h5");
  EXPECT_EQ(TextOf(result, "polyak"), std::string(kMostBytesOfAttribute - 1, 'r'));
  EXPECT_EQ(TextOf(result, "polyak") + TextOf(result, "polyak1") + TextOf(result, "polyak2"),
            record);
  path_ = result;
  wire::Rewrite short_part;
  short_part.add_record("short");
  const RewriteAnswer again = helper_.Rewrite(path_, {short_part});
  ASSERT_FALSE(again.failure) << again.failure->text();
  const IndexAnswer index = helper_.Index(Put(again, {}, "again.h5"));
  EXPECT_EQ(index.attributes.size(), 1U);
  EXPECT_THAT(index.attributes.at(":polyak"), ElementsAre("short"));
}

TEST_P(HelperRewrite, KeepsOtherChunksWhereTheyAre) {
  if (GetParam().has_chunks_of_one_place) GTEST_SKIP() << "there are no others";
  const std::vector<IndexedChunk> before = helper_.Index(path_).datasets.at("a").chunks;
  wire::Rewrite part;
  wire::ChunkedWrite& write = *part.add_chunked();
  write.set_object_address(AddressOf("a"));
  write.add_chunks(7);
  write.add_bytes(kChunkElements * sizeof(int));
  write.add_masks(kSkipped);
  const RewriteAnswer answer = helper_.Rewrite(path_, {part});
  ASSERT_FALSE(answer.failure) << answer.failure->text();
  const auto result = Put(answer, {ChunkOf(3)}, "result.h5");
  std::vector<IndexedChunk> after = helper_.Index(result).datasets.at("a").chunks;
  EXPECT_EQ(after[7].mask, kSkipped);
  EXPECT_EQ(after[7].offset, answer.places[0]);
  after[7] = before[7];
  EXPECT_EQ(after, before);
  EXPECT_EQ(Read(result, "a").substr(7 * ChunkOf(3).size(), ChunkOf(3).size()), ChunkOf(3));
}

// The library forgets the new mask then, if it is asked just so.
TEST_P(HelperRewrite, ChangesTheMaskOfAChunkThatKeepsItsLength) {
  const IndexedChunk before = helper_.Index(path_).datasets.at("a").chunks[0];
  wire::Rewrite part;
  wire::ChunkedWrite& write = *part.add_chunked();
  write.set_object_address(AddressOf("a"));
  write.add_chunks(0);
  write.add_bytes(before.bytes);
  write.add_masks(kSkipped);
  const RewriteAnswer answer = helper_.Rewrite(path_, {part});
  ASSERT_FALSE(answer.failure) << answer.failure->text();
  const auto result = Put(answer, {std::string(before.bytes, 'x')}, "result.h5");
  EXPECT_EQ(helper_.Index(result).datasets.at("a").chunks[0].mask, kSkipped);
}

TEST_P(HelperRewrite, RefusesWhatDoesNotFitTheFile) {
  wire::Rewrite part = NewChunks("a");
  part.mutable_chunked(0)->set_chunks(0, 5000);
  EXPECT_TRUE(HelperClient().Rewrite(path_, {part}).failure);
  part = NewChunks("a");
  part.mutable_chunked(0)->set_bytes(0, 0);
  EXPECT_TRUE(HelperClient().Rewrite(path_, {part}).failure);
  part = NewChunks("a");
  part.mutable_chunked(0)->set_object_address(AddressOf("e"));
  EXPECT_TRUE(HelperClient().Rewrite(path_, {part}).failure);
  wire::Rewrite allocated;
  allocated.add_allocated(AddressOf("e"));
  EXPECT_TRUE(HelperClient().Rewrite(path_, {allocated}).failure);
}

// For helpers that start while it lives.
class FewAddresses {
 public:
  FewAddresses() {
    getrlimit(RLIMIT_AS, &before_);
    const rlimit few{.rlim_cur = rlim_t{200} << 20, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_AS, &few);
  }
  FewAddresses(const FewAddresses&) = delete;
  FewAddresses& operator=(const FewAddresses&) = delete;
  ~FewAddresses() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

TEST_P(HelperRewrite, NeedsNoAddressesForElements) {
  if (kIsSanitized) GTEST_SKIP() << "sanitizers take terabytes of addresses";
  std::vector<wire::Rewrite> parts = AllParts("the record");
  parts[0].mutable_chunked(0)->set_bytes(0, std::uint32_t{1} << 20);
  const RewriteAnswer expected = helper_.Rewrite(path_, parts);
  ASSERT_FALSE(expected.failure) << expected.failure->text();
  const FewAddresses few;
  const RewriteAnswer answer = HelperClient().Rewrite(path_, parts);
  ASSERT_FALSE(answer.failure) << answer.failure->text();
  EXPECT_EQ(answer.places, expected.places);
  EXPECT_EQ(answer.patches, expected.patches);
  EXPECT_EQ(HelperClient().Index(path_).datasets.at("a").chunks.size(), Places());
}

INSTANTIATE_TEST_SUITE_P(Hdf5, HelperRewrite, ::testing::ValuesIn(kRewriteCases),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace polyak::hdf5
