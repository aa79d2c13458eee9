// Datasets that the helper knows by their headers, against the library, which opens each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"
#include "formats/hdf5/helper_client.h"
#include "formats/hdf5/script_folder.h"
#include "support/files.h"

namespace polyak::hdf5 {
namespace {

struct Facts {
  std::vector<std::uint64_t> dims;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t address = 0;

  bool operator==(const Facts&) const = default;
};

// Nothing where the library can't open the dataset.
std::optional<Facts> LibraryFacts(hid_t file, const std::string& name) {
  const hid_t dataset = H5Dopen2(file, name.c_str(), H5P_DEFAULT);
  if (dataset < 0) return std::nullopt;
  const Id closing(dataset, H5Dclose);
  const Id space(H5Dget_space(dataset), H5Sclose);
  std::vector<hsize_t> dims(H5S_MAX_RANK);
  dims.resize(static_cast<std::size_t>(H5Sget_simple_extent_dims(space, dims.data(), nullptr)));
  H5O_info_t info{};
  Succeeds(H5Oget_info2(dataset, &info, H5O_INFO_BASIC));
  return Facts{
      {dims.begin(), dims.end()}, H5Dget_offset(dataset), H5Dget_storage_size(dataset), info.addr};
}

Facts FactsOf(const wire::Dataset& described) {
  return {{described.dims().begin(), described.dims().end()},
          described.offset(),
          described.storage_bytes(),
          described.object_address()};
}

class KnownHeaders : public ::testing::Test {
 protected:
  KnownHeaders() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

  // Ten of one kind and rank, and others between.
  std::vector<std::string> WriteMany(std::uint64_t user_block_bytes) {
    FileBuilder file(path_, user_block_bytes);
    const std::vector<double> data(64, 1.5);
    std::vector<std::string> names;
    for (hsize_t i = 0; i < 10; ++i) {
      const std::string number = std::to_string(i);
      file.Dataset("a" + number, H5T_IEEE_F32LE, {i + 1, 2}, data.data());
      file.Dataset("g/b" + number, H5T_IEEE_F32LE, {i + 1}, data.data());
      file.Dataset("g/c" + number, H5T_IEEE_F64BE, {i + 1}, data.data());
      file.Dataset("d" + number, H5T_STD_I64LE, {}, data.data());
      for (const char* name : {"a", "g/b", "g/c", "d"}) names.push_back(name + number);
    }
    return names;
  }

  ScriptFolder folder_;
  std::filesystem::path path_ = folder_ / "file.h5";
  HelperClient helper_;
};

TEST_F(KnownHeaders, SayWhatTheLibrarySays) {
  for (const std::uint64_t user_block_bytes : {0U, 512U}) {
    const std::vector<std::string> names = WriteMany(user_block_bytes);
    const IndexAnswer answer = helper_.Index(path_);
    const Id file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    ASSERT_EQ(answer.datasets.size(), names.size());
    for (const std::string& name : names) {
      const wire::Dataset& described = answer.datasets.at(name).described;
      EXPECT_EQ(FactsOf(described), LibraryFacts(file, name)) << name;
      const bool is_double = name.starts_with("g/c");
      EXPECT_EQ(described.type().bytes(), is_double || name[0] == 'd' ? 8U : 4U) << name;
      EXPECT_EQ(described.type().number().order(),
                is_double ? wire::Number::BIG : wire::Number::LITTLE);
      EXPECT_EQ(described.type().class_(),
                name[0] == 'd' ? wire::ElementType::INTEGER : wire::ElementType::FLOAT);
    }
  }
}

// Each byte of a header in turn, of a dataset whose kind is known by then.
TEST_F(KnownHeaders, AreBelievedNoFurtherThanTheLibraryGoes) {
  if (IsSanitized()) GTEST_SKIP() << "takes minutes: a new helper for each failure";
  WriteMany(0);
  const std::string good = test::ReadFile(path_);
  std::uint64_t address = 0;
  {
    const Id file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    address = LibraryFacts(file, "a5")->address;
  }
  int read = 0;
  int refused = 0;
  std::optional<HelperClient> helper;
  for (std::size_t at = 0; at < 272; ++at) {
    std::string damaged = good;
    damaged[address + at] = static_cast<char>(damaged[address + at] ^ (at % 2 == 0 ? 1 : 0x42));
    test::WriteFile(path_, damaged);
    if (!helper) helper.emplace();
    const IndexAnswer answer = helper->Index(path_);
    if (answer.failure) {
      ++refused;
      helper.reset();
      continue;
    }
    const Id file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    const auto expected = LibraryFacts(file, "a5");
    const auto found = answer.datasets.find("a5");
    if (found == answer.datasets.end()) continue;  // no dataset any more
    ASSERT_TRUE(expected) << "byte " << at << " of the header: the library can't open it";
    if (!found->second.described.has_offset()) continue;
    ++read;
    EXPECT_EQ(FactsOf(found->second.described), *expected) << "byte " << at << " of the header";
  }
  EXPECT_GT(read, 50);
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace polyak::hdf5
