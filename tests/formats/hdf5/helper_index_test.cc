// What the helper says about files, against the library that wrote them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <vector>

#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/helper_client.h"
#include "formats/hdf5/protocol.h"
#include "formats/hdf5/script_folder.h"

namespace polyak::hdf5 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ChunkedCase {
  const char* name;
  bool is_new_format;
  H5D_chunk_index_t index;
  std::vector<hsize_t> dims;
  std::vector<hsize_t> most_dims;  // empty: as dims
  std::vector<hsize_t> chunk_dims;
  bool is_filtered;
  H5D_alloc_time_t time = H5D_ALLOC_TIME_INCR;
};

void PrintTo(const ChunkedCase& given, std::ostream* out) { *out << given.name; }

const std::vector<ChunkedCase>& ChunkedCases() {
  constexpr hsize_t kMore = H5S_UNLIMITED;
  static const std::vector<ChunkedCase> cases = {
      {"OldTree", false, H5D_CHUNK_IDX_BTREE, {70, 50}, {}, {8, 9}, false},
      {"OldTreeFiltered", false, H5D_CHUNK_IDX_BTREE, {70, 50}, {}, {8, 9}, true},
      {"Single", true, H5D_CHUNK_IDX_SINGLE, {7, 5}, {}, {7, 5}, false},
      {"SingleFiltered", true, H5D_CHUNK_IDX_SINGLE, {7, 5}, {}, {7, 5}, true},
      {"Implicit", true, H5D_CHUNK_IDX_NONE, {70, 50}, {}, {8, 9}, false, H5D_ALLOC_TIME_EARLY},
      {"FixedArray", true, H5D_CHUNK_IDX_FARRAY, {70, 50}, {}, {8, 9}, false},
      {"FixedArrayFiltered", true, H5D_CHUNK_IDX_FARRAY, {700, 50}, {}, {8, 9}, true},
      {"ExtensibleArray", true, H5D_CHUNK_IDX_EARRAY, {700, 50}, {kMore, 50}, {8, 9}, false},
      {"ExtensibleArrayFiltered", true, H5D_CHUNK_IDX_EARRAY, {70, 50}, {kMore, 50}, {8, 9}, true},
      {"NewTree", true, H5D_CHUNK_IDX_BT2, {70, 50}, {kMore, kMore}, {8, 9}, false},
      {"NewTreeFiltered", true, H5D_CHUNK_IDX_BT2, {70, 50}, {kMore, kMore}, {8, 9}, true},
  };
  return cases;
}

Id CreateFile(const std::filesystem::path& path, bool is_new_format, hsize_t user_block_bytes) {
  const Id creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  Succeeds(H5Pset_userblock(creation, user_block_bytes));
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (is_new_format) {
    Succeeds(H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
  }
  return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose};
}

void WriteChunked(hid_t file, const ChunkedCase& wanted) {
  const Id creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const int rank = static_cast<int>(wanted.dims.size());
  Succeeds(H5Pset_chunk(creation, rank, wanted.chunk_dims.data()));
  Succeeds(H5Pset_alloc_time(creation, wanted.time));
  if (wanted.is_filtered) Succeeds(H5Pset_deflate(creation, 6));
  const Id space(H5Screate_simple(rank, wanted.dims.data(),
                                  wanted.most_dims.empty() ? nullptr : wanted.most_dims.data()),
                 H5Sclose);
  const Id dataset(H5Dcreate2(file, "x", H5T_STD_I32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT),
                   H5Dclose);
  std::vector<int> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i * i % 1000);
  Succeeds(H5Dwrite(dataset, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  H5D_chunk_index_t index = H5D_CHUNK_IDX_BTREE;
  Succeeds(H5Dget_chunk_index_type(dataset, &index));
  ASSERT_EQ(index, wanted.index);
}

// Row-major, as H5Dget_chunk_info has them, in whatever order that lists them.
std::vector<IndexedChunk> ChunksByTheLibrary(const std::filesystem::path& path) {
  const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  const Id properties(H5Fget_create_plist(file), H5Pclose);
  hsize_t user_block = 0;
  Succeeds(H5Pget_userblock(properties, &user_block));
  const Id dataset(H5Dopen2(file, "x", H5P_DEFAULT), H5Dclose);
  const Id space(H5Dget_space(dataset), H5Sclose);
  hsize_t count = 0;
  Succeeds(H5Dget_num_chunks(dataset, space, &count));
  std::vector<std::pair<std::vector<hsize_t>, IndexedChunk>> found;
  for (hsize_t i = 0; i < count; ++i) {
    std::vector<hsize_t> origin(2);
    unsigned mask = 0;
    haddr_t offset = 0;
    hsize_t bytes = 0;
    Succeeds(H5Dget_chunk_info(dataset, space, i, origin.data(), &mask, &offset, &bytes));
    // Library 1.10.8 counts these from behind the user block.
    found.emplace_back(origin,
                       IndexedChunk{offset + user_block, static_cast<std::uint32_t>(bytes), mask});
  }
  std::ranges::sort(found);
  std::vector<IndexedChunk> chunks;
  for (const auto& [origin, chunk] : found) chunks.push_back(chunk);
  return chunks;
}

class HelperIndexOfChunks : public ::testing::TestWithParam<ChunkedCase> {
 protected:
  ScriptFolder folder_;
  HelperClient helper_;
};

TEST_P(HelperIndexOfChunks, HasThePlacesThatTheLibraryGives) {
  for (const hsize_t user_block : {0U, 1024U}) {
    const auto path = folder_ / "file.h5";
    WriteChunked(CreateFile(path, GetParam().is_new_format, user_block), GetParam());
    const IndexAnswer answer = helper_.Index(path);
    ASSERT_FALSE(answer.failure) << answer.failure->text();
    EXPECT_TRUE(answer.datasets.at("x").described.has_chunk_list());
    EXPECT_FALSE(answer.datasets.at("x").described.has_fill_value());
    EXPECT_EQ(answer.datasets.at("x").chunks, ChunksByTheLibrary(path));
  }
}

TEST_P(HelperIndexOfChunks, CountsFromTheStartOfTheImage) {
  const auto path = folder_ / "file.h5";
  WriteChunked(CreateFile(path, GetParam().is_new_format, 512), GetParam());
  const std::string image = test::ReadFile(path);
  const auto around = folder_.Write("around", std::string(777, 'x') + image + std::string(99, 'y'));
  const IndexAnswer answer = helper_.Index(around, 777, image.size());
  ASSERT_FALSE(answer.failure) << answer.failure->text();
  EXPECT_EQ(answer.datasets.at("x").chunks, ChunksByTheLibrary(path));
}

INSTANTIATE_TEST_SUITE_P(Hdf5, HelperIndexOfChunks, ::testing::ValuesIn(ChunkedCases()),
                         [](const auto& row) { return std::string(row.param.name); });

class HelperIndex : public ::testing::Test {
 protected:
  IndexAnswer AnswerFor(const std::filesystem::path& path) {
    IndexAnswer answer = helper_.Index(path);
    EXPECT_FALSE(answer.failure) << answer.failure->text();
    return answer;
  }

  ScriptFolder folder_;
  HelperClient helper_;
};

TEST_F(HelperIndex, RefusesAnImageThatIsNotInTheFile) {
  const auto path = folder_ / "file.h5";
  CreateFile(path, false, 0);
  const auto bytes = std::filesystem::file_size(path);
  const IndexAnswer answer = helper_.Index(path, 1, bytes);
  ASSERT_TRUE(answer.failure);
  EXPECT_THAT(answer.failure->text(), HasSubstr("not within the file"));
}

TEST_F(HelperIndex, HasFiltersWithTheirParameters) {
  const auto path = folder_ / "file.h5";
  {
    const Id creation = CreationList();
    const hsize_t rows = 4;
    Succeeds(H5Pset_chunk(creation, 1, &rows));
    Succeeds(H5Pset_shuffle(creation));
    Succeeds(H5Pset_deflate(creation, 7));
    Succeeds(H5Pset_fletcher32(creation));
    FileBuilder(path).Dataset("x", H5T_IEEE_F64LE, {10}, nullptr, creation);
  }
  const IndexAnswer answer = AnswerFor(path);
  const auto& filters = answer.datasets.at("x").described.filters();
  ASSERT_EQ(filters.size(), 3);
  EXPECT_EQ(filters[0].number(), static_cast<unsigned>(H5Z_FILTER_SHUFFLE));
  EXPECT_THAT(filters[0].values(), ElementsAre(8U));
  EXPECT_EQ(filters[1].number(), static_cast<unsigned>(H5Z_FILTER_DEFLATE));
  EXPECT_THAT(filters[1].values(), ElementsAre(7U));
  EXPECT_TRUE(filters[1].is_optional());
  EXPECT_EQ(filters[2].number(), static_cast<unsigned>(H5Z_FILTER_FLETCHER32));
  EXPECT_FALSE(filters[2].is_optional());
}

// One chunk of three, at place 1.
void WriteOneChunk(FileBuilder& file, hid_t creation, hsize_t elements) {
  const hsize_t rows = 4;
  Succeeds(H5Pset_chunk(creation, 1, &rows));
  file.Dataset("x", H5T_STD_I32LE, {elements}, nullptr, creation);
  const Id dataset(H5Dopen2(file.file(), "x", H5P_DEFAULT), H5Dclose);
  const hsize_t origin = 4;
  const std::array<int, 4> values = {1, 2, 3, 4};
  Succeeds(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, &origin, sizeof(values), values.data()));
}

TEST_F(HelperIndex, TellsChunksThatWereNeverWrittenAndWhatTheyAreFilledWith) {
  const auto path = folder_ / "file.h5";
  {
    FileBuilder file(path);
    const Id creation = CreationList();
    const int fill = 77;
    Succeeds(H5Pset_fill_value(creation, H5T_NATIVE_INT, &fill));
    WriteOneChunk(file, creation, 10);
  }
  const IndexAnswer answer = AnswerFor(path);
  const IndexedDataset& dataset = answer.datasets.at("x");
  ASSERT_EQ(dataset.chunks.size(), 3U);
  EXPECT_EQ(dataset.chunks[0].bytes, 0U);
  EXPECT_EQ(dataset.chunks[1].bytes, 16U);
  EXPECT_EQ(dataset.chunks[2].bytes, 0U);
  EXPECT_EQ(dataset.described.fill_value(), std::string("\x4d\0\0\0", 4));
}

TEST_F(HelperIndex, HasNoFillValueWhereThereIsNone) {
  const auto path = folder_ / "file.h5";
  {
    FileBuilder file(path);
    const Id undefined = CreationList();
    Succeeds(H5Pset_fill_value(undefined, -1, nullptr));
    file.Dataset("undefined", H5T_IEEE_F32BE, {3}, nullptr, undefined);
    file.Dataset("default", H5T_IEEE_F32BE, {3}, nullptr);
    const float zero = 0;
    file.Dataset("written", H5T_IEEE_F32LE, {1}, &zero);
  }
  const IndexAnswer answer = AnswerFor(path);
  EXPECT_FALSE(answer.datasets.at("undefined").described.has_fill_value());
  EXPECT_EQ(answer.datasets.at("default").described.fill_value(), std::string(4, '\0'));
  EXPECT_FALSE(answer.datasets.at("written").described.has_fill_value());
}

// The library says that it has one.
TEST_F(HelperIndex, HasNoOffsetForWhatWasNeverWrittenBehindAUserBlock) {
  const auto path = folder_ / "file.h5";
  FileBuilder(path, 512).Dataset("x", H5T_STD_I32LE, {3}, nullptr);
  const IndexAnswer answer = AnswerFor(path);
  EXPECT_FALSE(answer.datasets.at("x").described.has_offset());
  EXPECT_EQ(answer.datasets.at("x").described.fill_value(), std::string(4, '\0'));
}

TEST_F(HelperIndex, ListsNoPlacesWhereNearlyAllAreFree) {
  const auto path = folder_ / "file.h5";
  {
    FileBuilder file(path);
    WriteOneChunk(file, CreationList(), hsize_t{1} << 60);
  }
  const IndexAnswer answer = AnswerFor(path);
  EXPECT_FALSE(answer.datasets.at("x").described.has_chunk_list());
  EXPECT_TRUE(answer.datasets.at("x").chunks.empty());
}

TEST_F(HelperIndex, SendsCompactValuesAsTheyAreStored) {
  const auto path = folder_ / "file.h5";
  {
    FileBuilder file(path);
    const Id creation = CreationList();
    Succeeds(H5Pset_layout(creation, H5D_COMPACT));
    file.Dataset("before", H5T_STD_U8LE, {3}, "abc", creation);
    file.Dataset("x", H5T_STD_I16BE, {2}, "\1\2\3\4", creation);
  }
  const IndexAnswer answer = AnswerFor(path);
  EXPECT_EQ(answer.datasets.at("before").values, "abc");
  EXPECT_EQ(answer.datasets.at("x").values, "\1\2\3\4");
}

void AddText(hid_t object, const std::string& name, const std::string& text) {
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  Succeeds(H5Tset_size(type, H5T_VARIABLE));
  const Id space(H5Screate(H5S_SCALAR), H5Sclose);
  const Id attribute(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                     H5Aclose);
  const char* pointer = text.c_str();
  Succeeds(H5Awrite(attribute, type, &pointer));
}

// As numpy's arrays of kind S are stored.
void AddTexts(hid_t object, const std::string& name, std::size_t width, const std::string& texts) {
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  Succeeds(H5Tset_size(type, width));
  Succeeds(H5Tset_strpad(type, H5T_STR_NULLPAD));
  const hsize_t count = texts.size() / width;
  const Id space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  const Id attribute(H5Acreate2(object, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                     H5Aclose);
  Succeeds(H5Awrite(attribute, type, texts.data()));
}

TEST_F(HelperIndex, KnowsKerasBFloat16ByItsAttribute) {
  const auto path = folder_ / "file.h5";
  {
    FileBuilder file(path);
    const Id opaque(H5Tcreate(H5T_OPAQUE, 2), H5Tclose);
    for (const char* name : {"plain", "marked", "other"}) file.Dataset(name, opaque, {1}, "ab");
    const Id marked(H5Dopen2(file.file(), "marked", H5P_DEFAULT), H5Dclose);
    AddText(marked, "dtype", "bfloat16");
    const Id other(H5Dopen2(file.file(), "other", H5P_DEFAULT), H5Dclose);
    AddText(other, "dtype", "float16");
  }
  const IndexAnswer answer = AnswerFor(path);
  EXPECT_FALSE(answer.datasets.at("plain").described.is_bfloat16());
  EXPECT_TRUE(answer.datasets.at("marked").described.is_bfloat16());
  EXPECT_FALSE(answer.datasets.at("other").described.is_bfloat16());
}

TEST_F(HelperIndex, NamesExternalLinksAndFollowsNone) {
  const auto path = folder_ / "file.h5";
  {
    FileBuilder file(path);
    file.Group("g");
    Succeeds(
        H5Lcreate_external("elsewhere.h5", "/x", file.file(), "g/link", H5P_DEFAULT, H5P_DEFAULT));
    Succeeds(H5Lcreate_soft("/nowhere", file.file(), "soft", H5P_DEFAULT, H5P_DEFAULT));
  }
  const IndexAnswer answer = AnswerFor(path);
  ASSERT_EQ(answer.datasets.size(), 1U);
  EXPECT_TRUE(answer.datasets.at("g/link").described.is_external_link());
}

TEST_F(HelperIndex, HasTheTextsOfGroups) {
  const auto path = folder_ / "file.h5";
  const std::string longest(200000, 'm');
  {
    FileBuilder file(path);
    file.Group("a/b");
    const Id root(H5Gopen2(file.file(), "/", H5P_DEFAULT), H5Gclose);
    AddText(root, "model_config", longest);
    AddText(root, "unknown", "x");
    AddTexts(root, "layer_names0", 3,
             std::string("one"
                         "b\0\0",
                         6));
    AddTexts(root, "layer_names1", 3, "two");
    AddTexts(root, "layer_names3", 3, "far");
    const Id inner(H5Gopen2(file.file(), "a/b", H5P_DEFAULT), H5Gclose);
    AddTexts(inner, "weight_names", 2, std::string("w\0b\0", 4));
  }
  const IndexAnswer answer = AnswerFor(path);
  EXPECT_EQ(answer.attributes.size(), 4U);
  EXPECT_THAT(answer.attributes.at(":model_config"), ElementsAre(longest));
  EXPECT_THAT(answer.attributes.at(":layer_names0"), ElementsAre("one", "b"));
  EXPECT_THAT(answer.attributes.at(":layer_names1"), ElementsAre("two"));
  EXPECT_THAT(answer.attributes.at("a/b:weight_names"), ElementsAre("w", "b"));
}

TEST_F(HelperIndex, HasLongListsWhole) {
  const auto path = folder_ / "file.h5";
  std::string texts;
  for (int i = 0; i < 6000; ++i) {
    std::string name = "layer" + std::to_string(i);
    name.resize(10, '\0');
    texts += name;
  }
  {
    FileBuilder file(path);
    const Id root(H5Gopen2(file.file(), "/", H5P_DEFAULT), H5Gclose);
    AddTexts(root, "layer_names", 10, texts);
  }
  const std::vector<std::string> found = AnswerFor(path).attributes.at(":layer_names");
  ASSERT_EQ(found.size(), 6000U);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], "layer" + std::to_string(i));
}

TEST_F(HelperIndex, RefusesAFloodOfText) {
  const auto path = folder_ / "file.h5";
  {
    FileBuilder file(path);
    const std::string text(std::size_t{1} << 20, 'm');
    for (int i = 0; i < 40; ++i) {
      const std::string name = "g" + std::to_string(i);
      file.Group(name);
      const Id group(H5Gopen2(file.file(), name.c_str(), H5P_DEFAULT), H5Gclose);
      AddText(group, "model_config", text);
    }
  }
  const IndexAnswer answer = helper_.Index(path);
  ASSERT_TRUE(answer.failure);
  EXPECT_EQ(answer.failure->kind(), wire::Failure::UNSUPPORTED);
}

}  // namespace
}  // namespace polyak::hdf5
