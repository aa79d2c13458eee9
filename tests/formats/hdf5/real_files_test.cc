// Files that other programs wrote, against what these programs say is in them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"
#include "formats/hdf5/hdf5_format.h"

namespace polyak::hdf5 {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

// h5py: a file of many kinds of datasets, or of that name if it exists; then a line for each
// dataset: name, polyak's name of the type, shape, the elements in hexadecimal, little-endian.
constexpr const char* kListByH5py = R"(
import os, sys
import h5py, numpy as np
path = sys.argv[1]
if not os.path.exists(path):
    r = np.random.default_rng(7)
    with h5py.File(path, 'w', track_order=True, libver='latest') as f:
        for t in '<f2 >f2 <f4 >f4 <f8 >f8 <i2 >i4 <u8'.split():
            f['z' + t] = r.integers(0, 99, (3, 4)).astype(t)
        f['c'] = (r.random(5) + 1j * r.random(5)).astype('<c8')
        f['b'] = r.random(9) < 0.5
        f['a/scalar'] = np.float32(3.25)
        f['a/empty'] = h5py.Empty('f4')
names = {'f2': 'float16', 'f4': 'float32', 'f8': 'float64', 'c8': 'complex64', 'i2': 'int16',
         'i4': 'int32', 'u8': 'uint64', 'b1': 'bool'}
def show(name, d):
    empty = d.shape is None
    v = np.zeros(0, d.dtype) if empty else np.asarray(d[()])
    v = v.astype(v.dtype.newbyteorder('<'))
    print(name, names[v.dtype.str[1:]], '[' + ','.join(map(str, v.shape)) + ']',
          v.tobytes().hex() or '-')
def walk(group, prefix):
    for name in group:
        item = group[name]
        if isinstance(item, h5py.Group):
            walk(item, prefix + name + '/')
        else:
            show(prefix + name, item)
with h5py.File(path, 'r') as f:
    walk(f, '')
)";

class Hdf5RealFiles : public Hdf5Files {
 protected:
  // What h5py says; empty where there is no h5py.
  std::string ListByH5py(const fs::path& path) {
    const auto script = folder_.Write("list.py", kListByH5py);
    const auto list = folder_ / "list.txt";
    const std::string command = fmt::format("/usr/bin/python3 '{}' '{}' > '{}' 2>/dev/null",
                                            script.string(), path.string(), list.string());
    return std::system(command.c_str()) == 0 ? test::ReadFile(list) : "";
  }

  std::string ListByPolyak(const fs::path& path) {
    const auto checkpoint = OpenFile(path);
    std::string list;
    for (const TensorInfo& tensor : checkpoint->tensors()) {
      std::string hex;
      for (const std::byte b : Elements(*checkpoint, tensor.name)) {
        hex += fmt::format("{:02x}", static_cast<unsigned>(b));
      }
      list += fmt::format("{} {} {} {}\n", tensor.name, NameOf(tensor.dtype),
                          ShapeText(tensor.shape), hex.empty() ? "-" : hex);
    }
    return list;
  }

  static std::multiset<std::string> SortedLines(const std::string& text) {
    std::istringstream stream(text);
    std::multiset<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.insert(line);
    return lines;
  }

  static fs::path Digits(int epoch) {
    const std::string name = fmt::format("digits/ep{:02}.h5", epoch);
    const fs::path ours = test::TestData(name);
    return fs::exists(ours) ? ours : test::SharedData(name);
  }
};

TEST_F(Hdf5RealFiles, WrittenByH5pyAreReadAsH5pyReadsThem) {
  const auto path = folder_ / "h5py.h5";
  const std::string expected = ListByH5py(path);
  if (expected.empty()) GTEST_SKIP() << "no h5py";
  // h5py 3.7 goes by the names, even where the order of creation is tracked.
  EXPECT_EQ(SortedLines(ListByPolyak(path)), SortedLines(expected));
}

TEST_F(Hdf5RealFiles, OfKerasAreReadAsH5pyReadsThem) {
  if (!fs::exists(Digits(1))) GTEST_SKIP() << "no " << Digits(1);
  const std::string expected = ListByH5py(Digits(1));
  if (expected.empty()) GTEST_SKIP() << "no h5py";
  EXPECT_EQ(ListByPolyak(Digits(1)), expected);
}

TEST_F(Hdf5RealFiles, OfKerasHaveTheirEighteenWeights) {
  int found = 0;
  for (int epoch = 1; epoch <= 12; ++epoch) {
    if (!fs::exists(Digits(epoch))) continue;
    ++found;
    EXPECT_TRUE(Probe(*InputFile::Open(Digits(epoch))));
    const auto checkpoint = OpenFile(Digits(epoch));
    EXPECT_EQ(checkpoint->tensors().size(), 18U);
    EXPECT_THAT(Tensor(*checkpoint, "conv2/conv2/kernel:0").shape, ElementsAre(3, 3, 16, 32));
    EXPECT_THAT(Tensor(*checkpoint, "fc1/fc1/kernel:0").shape, ElementsAre(128, 32));
    EXPECT_THAT(Tensor(*checkpoint, "bn3/bn3/moving_variance:0").shape, ElementsAre(32));
    for (const TensorInfo& tensor : checkpoint->tensors()) {
      EXPECT_EQ(tensor.dtype, DType::kFloat32);
      EXPECT_EQ(tensor.role, Role::kParameter);
      EXPECT_EQ(tensor.unreadable, "");
    }
  }
  if (found == 0) GTEST_SKIP() << "no digits";
}

TEST_F(Hdf5RealFiles, AreToldByTheirSignatureWhereverItMayStand) {
  const std::string signature = "\x89HDF\r\n\x1a\n";
  const auto is_hdf5 = [&](const std::string& content) {
    return Probe(*InputFile::Open(folder_.Write("probe", content)));
  };
  EXPECT_TRUE(is_hdf5(signature));
  for (const std::size_t offset : {512U, 1024U, 2048U, 65536U}) {
    EXPECT_TRUE(is_hdf5(std::string(offset, '\0') + signature)) << offset;
  }
  EXPECT_FALSE(is_hdf5(""));
  EXPECT_FALSE(is_hdf5(signature.substr(0, 7)));
  EXPECT_FALSE(is_hdf5(" " + signature));
  EXPECT_FALSE(is_hdf5(std::string(1536, '\0') + signature));
  EXPECT_FALSE(is_hdf5(std::string(100000, 'x')));
}

// An empty file, as the library writes it.
struct SuperblockCase {
  int version;
  hsize_t user_block_bytes = 0;
  std::size_t address_bytes = 8;
};

std::string WrittenWith(const SuperblockCase& wanted, const fs::path& path) {
  const Id creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  Succeeds(H5Pset_userblock(creation, wanted.user_block_bytes));
  Succeeds(H5Pset_sizes(creation, wanted.address_bytes, 8));
  if (wanted.version == 1) Succeeds(H5Pset_istore_k(creation, 64));
  const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  Succeeds(H5Pset_libver_bounds(access, wanted.version < 2 ? H5F_LIBVER_EARLIEST : H5F_LIBVER_V110,
                                H5F_LIBVER_LATEST));
  Id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose);
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Hdf5RealFiles, EndWhereTheirSuperblockSays) {
  const auto end_of = [&](const std::string& content) {
    return EndBySuperblock(*InputFile::Open(folder_.Write("end", content)));
  };
  const SuperblockCase kCases[] = {{0},      {1},       {3},       {0, 1024},
                                   {1, 512}, {3, 2048}, {0, 0, 4}, {3, 512, 4}};
  for (const SuperblockCase& wanted : kCases) {
    const std::string file = WrittenWith(wanted, folder_.Write("made", ""));
    ASSERT_EQ(file.at(wanted.user_block_bytes + 8), wanted.version);
    EXPECT_EQ(end_of(file), file.size()) << wanted.version;
    EXPECT_EQ(end_of(file + "more"), file.size()) << wanted.version;
    EXPECT_EQ(end_of(file.substr(0, wanted.user_block_bytes + 124)), file.size());
    // Somebody puts something in front, which the file doesn't know of.
    if (wanted.user_block_bytes == 0) {
      EXPECT_EQ(end_of(std::string(4096, 'x') + file), 4096 + file.size()) << wanted.version;
    }
  }
  // Addresses of 16 bytes, the base address 0, end 300.
  const std::string wide = std::string("\x89HDF\r\n\x1a\n\3\x10\x8", 11) + std::string(33, '\0') +
                           std::string("\x2c\1", 2) + std::string(14, '\0');
  EXPECT_EQ(end_of(wide), 300U);
}

TEST_F(Hdf5RealFiles, EndNowhereWhereTheirSuperblockCantBeRead) {
  const auto end_of = [&](const std::string& content) {
    return EndBySuperblock(*InputFile::Open(folder_.Write("end", content)));
  };
  const std::string file = WrittenWith({.version = 3}, folder_.Write("made", ""));
  std::string other = file;
  for (const char version : {'\4', '\xff'}) {
    other[8] = version;
    EXPECT_EQ(end_of(other), std::nullopt);
  }
  other = file;
  for (const char width : {'\0', '\x7f', '\xff'}) {
    other[9] = width;
    EXPECT_EQ(end_of(other), std::nullopt);
  }
  EXPECT_EQ(end_of("no HDF5"), std::nullopt);
  EXPECT_EQ(end_of(file.substr(0, 8)), std::nullopt);
  // Ends that no file has: they are there, and wrap nothing.
  other = file;
  other.replace(28, 8, 8, '\xff');
  EXPECT_EQ(end_of(other), ~std::uint64_t{0});
  EXPECT_EQ(end_of(std::string(512, 'x') + other), ~std::uint64_t{0});
  other.replace(12, 8, 8, '\xff');
  EXPECT_EQ(end_of(other), 0U);
}

}  // namespace
}  // namespace polyak::hdf5
