// Chunks coded by the helper, against what the library reads and writes itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <array>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/helper_client.h"
#include "formats/hdf5/script_folder.h"

namespace polyak::hdf5 {
namespace {

constexpr hsize_t kRows = 16;
constexpr hsize_t kColumns = 32;
constexpr std::size_t kElements = kRows * kColumns;

struct CodeCase {
  const char* name;
  std::function<Id()> type;
  std::function<void(hid_t creation)> set_filters;
};

void PrintTo(const CodeCase& given, std::ostream* out) { *out << given.name; }

Id Copied(hid_t type) { return {H5Tcopy(type), H5Tclose}; }

// 20 of 32 bits, with seven of padding below.
Id ShortFloat() {
  Id type = Copied(H5T_IEEE_F32LE);
  Succeeds(H5Tset_fields(type, 26, 20, 6, 7, 13));
  Succeeds(H5Tset_offset(type, 7));
  Succeeds(H5Tset_precision(type, 20));
  Succeeds(H5Tset_ebias(type, 31));
  return type;
}

Id ShortInteger() {
  Id type = Copied(H5T_STD_I32BE);
  Succeeds(H5Tset_precision(type, 17));
  Succeeds(H5Tset_offset(type, 3));
  return type;
}

void SetSzip(hid_t creation) { Succeeds(H5Pset_szip(creation, H5_SZIP_NN_OPTION_MASK, 16)); }

const std::vector<CodeCase>& CodeCases() {
  static const std::vector<CodeCase> cases = {
      {"SzipFloat32", [] { return Copied(H5T_IEEE_F32LE); }, SetSzip},
      {"SzipFloat64BetweenOthers", [] { return Copied(H5T_IEEE_F64LE); },
       [](hid_t creation) {
         Succeeds(H5Pset_shuffle(creation));
         SetSzip(creation);
         Succeeds(H5Pset_fletcher32(creation));
       }},
      {"SzipInt32BigEndian", [] { return Copied(H5T_STD_I32BE); }, SetSzip},
      {"NbitFloat", ShortFloat, [](hid_t creation) { Succeeds(H5Pset_nbit(creation)); }},
      {"NbitInteger", ShortInteger, [](hid_t creation) { Succeeds(H5Pset_nbit(creation)); }},
      {"ScaleOffsetInt32", [] { return Copied(H5T_STD_I32LE); },
       [](hid_t creation) { Succeeds(H5Pset_scaleoffset(creation, H5Z_SO_INT, 0)); }},
      {"ScaleOffsetFloat32BeforeOthers", [] { return Copied(H5T_IEEE_F32LE); },
       [](hid_t creation) {
         Succeeds(H5Pset_scaleoffset(creation, H5Z_SO_FLOAT_DSCALE, 3));
         Succeeds(H5Pset_shuffle(creation));
         Succeeds(H5Pset_deflate(creation, 4));
       }},
  };
  return cases;
}

class HelperCode : public ::testing::TestWithParam<CodeCase> {
 protected:
  // One dataset "x" of two chunks in a column: smooth numbers, then some that vary.
  void WriteFile() {
    const FileBuilder file(path_);
    const Id type = GetParam().type();
    const Id creation = CreationList();
    const std::array<hsize_t, 2> chunk = {kRows, kColumns};
    const std::array<hsize_t, 2> dims = {2 * kRows, kColumns};
    Succeeds(H5Pset_chunk(creation, 2, chunk.data()));
    GetParam().set_filters(creation);
    const Id space(H5Screate_simple(2, dims.data(), nullptr), H5Sclose);
    const Id dataset(H5Dcreate2(file.file(), "x", type, space, H5P_DEFAULT, creation, H5P_DEFAULT),
                     H5Dclose);
    std::vector<double> values(2 * kElements);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = i < kElements ? static_cast<double>(i / 8)
                                : static_cast<double>((i * i * 7919 + i) % 50000) - 25000;
    }
    Succeeds(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  }

  // All elements in the file's type, as the library reads them.
  std::string ReadElements() const {
    const Id file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const Id dataset(H5Dopen2(file, "x", H5P_DEFAULT), H5Dclose);
    const Id type(H5Dget_type(dataset), H5Tclose);
    std::string elements(2 * kElements * H5Tget_size(type), '\0');
    Succeeds(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()));
    return elements;
  }

  ScriptFolder folder_;
  std::filesystem::path path_ = folder_ / "file.h5";
  HelperClient helper_;
};

TEST_P(HelperCode, TurnsStoredChunksIntoElementsAndBack) {
  WriteFile();
  const std::string image = test::ReadFile(path_);
  const std::string elements = ReadElements();
  const std::size_t chunk_bytes = elements.size() / 2;
  const IndexAnswer index = helper_.Index(path_);
  const IndexedDataset& dataset = index.datasets.at("x");
  ASSERT_EQ(dataset.chunks.size(), 2U);
  // Twice: codecs are kept.
  for (const std::size_t place : {0U, 1U, 0U}) {
    const IndexedChunk& chunk = dataset.chunks[place];
    const std::string stored = image.substr(chunk.offset, chunk.bytes);
    wire::Code code;
    code.set_object_address(dataset.described.object_address());
    code.set_mask(chunk.mask);
    code.set_room(2 * chunk_bytes);
    const CodeAnswer decoded = helper_.Code(path_, code, stored);
    ASSERT_FALSE(decoded.failure) << decoded.failure->text();
    EXPECT_EQ(decoded.bytes, elements.substr(place * chunk_bytes, chunk_bytes));
    code.set_encode(true);
    const CodeAnswer encoded = helper_.Code(path_, code, decoded.bytes);
    ASSERT_FALSE(encoded.failure) << encoded.failure->text();
    EXPECT_EQ(encoded.mask, chunk.mask);
    EXPECT_EQ(encoded.bytes, stored);
  }
}

TEST_P(HelperCode, RefusesElementsOfAnotherNumber) {
  WriteFile();
  wire::Code code;
  code.set_object_address(helper_.Index(path_).datasets.at("x").described.object_address());
  code.set_encode(true);
  code.set_room(1 << 20);
  const CodeAnswer answer = helper_.Code(path_, code, std::string(kElements, 'x'));
  EXPECT_TRUE(answer.failure);
}

TEST_P(HelperCode, RefusesTooLittleRoom) {
  WriteFile();
  const IndexAnswer index = helper_.Index(path_);
  const IndexedDataset& dataset = index.datasets.at("x");
  wire::Code code;
  code.set_object_address(dataset.described.object_address());
  code.set_room(kElements);
  const std::string stored =
      test::ReadFile(path_).substr(dataset.chunks[0].offset, dataset.chunks[0].bytes);
  EXPECT_TRUE(helper_.Code(path_, code, stored).failure);
}

INSTANTIATE_TEST_SUITE_P(Hdf5, HelperCode, ::testing::ValuesIn(CodeCases()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace polyak::hdf5
