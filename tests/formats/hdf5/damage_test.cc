// Damaged files give an error or the tensors that are left: never a crash, never a hang.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "confinement/sanitized.h"
#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"

namespace polyak::hdf5 {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// A sanitized helper can't be held in its memory, and a damaged file takes much.
constexpr std::chrono::seconds kPatience{kIsSanitized ? 120 : 30};

class Hdf5Damage : public Hdf5Files {
 protected:
  std::string SoundFile() {
    const auto path = folder_ / "sound.h5";
    const std::vector<std::uint64_t> zeros(512);
    {
      FileBuilder builder(path);
      const Id chunked = CreationList();
      const std::vector<hsize_t> chunk = {4, 8};
      Succeeds(H5Pset_chunk(chunked, 2, chunk.data()));
      Succeeds(H5Pset_deflate(chunked, 1));
      for (const char* name : {"conv/kernel:0", "conv/bias:0", "fc/kernel:0", "optimizer/vars/0"}) {
        builder.Dataset(name, H5T_IEEE_F32LE, {4, 8}, zeros.data());
      }
      builder.Dataset("chunked", H5T_IEEE_F64BE, {8, 8}, zeros.data(), chunked);
      builder.Dataset("flags", Bool(), {16}, zeros.data());
      builder.Dataset("complex", Complex(H5T_IEEE_F32LE), {16}, zeros.data());
      builder.HardLink("fc/kernel:0", "tied");
    }
    return test::ReadFile(path);
  }

  // Opens the file and reads what it says can be read. Returns whether it opened.
  bool OpensWithoutHarm(const std::filesystem::path& path) {
    const auto start = std::chrono::steady_clock::now();
    bool opened = false;
    try {
      const auto checkpoint = OpenFile(path);
      opened = true;
      for (const TensorInfo& tensor : checkpoint->tensors()) {
        if (tensor.unreadable.empty()) Elements(*checkpoint, tensor.name);
      }
    } catch (const Error& error) {
      EXPECT_THAT(error.kind(),
                  AnyOf(ErrorKind::kCorrupt, ErrorKind::kUnsupported, ErrorKind::kSystem));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, kPatience) << path;
    return opened;
  }
};

TEST_F(Hdf5Damage, ByCuttingTheFileOffIsAlwaysAnError) {
  const std::string sound = SoundFile();
  for (std::size_t length = 0; length < sound.size(); length += 1 + sound.size() / 150) {
    const auto path = folder_.Write("cut.h5", sound.substr(0, length));
    const Error error = ErrorOfOpening(path);
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << length;
  }
}

TEST_F(Hdf5Damage, ByCuttingTheFileOffIsNamed) {
  const std::string sound = SoundFile();
  const auto path = folder_.Write("cut.h5", sound.substr(0, sound.size() - 1));
  EXPECT_STREQ(ErrorOfOpening(path).what(),
               ("the file is truncated (found " + std::to_string(sound.size() - 1) +
                " bytes, expected " + std::to_string(sound.size()) + ")")
                   .c_str());
}

TEST_F(Hdf5Damage, OfRandomBytesDoesNoHarm) {
  const std::string sound = SoundFile();
  std::mt19937_64 random(20261124);
  int opened = 0;
  constexpr int kFiles = 300;
  for (int i = 0; i < kFiles; ++i) {
    std::string damaged = sound;
    for (std::uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % damaged.size();
      damaged[at] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
    }
    opened += OpensWithoutHarm(folder_.Write("damaged.h5", damaged)) ? 1 : 0;
  }
  // Or the damage would have hit nothing, or everything.
  EXPECT_GT(opened, kFiles / 10);
  EXPECT_LT(opened, kFiles);
}

TEST_F(Hdf5Damage, DoesNotSpoilTheNextFile) {
  const std::string sound = SoundFile();
  const auto good = folder_.Write("good.h5", sound);
  const auto bad = folder_.Write("bad.h5", sound.substr(0, 1000));
  EXPECT_TRUE(OpensWithoutHarm(good));
  EXPECT_FALSE(OpensWithoutHarm(bad));
  EXPECT_TRUE(OpensWithoutHarm(good));
}

TEST_F(Hdf5Damage, OfOtherPeoplesFilesDoesNoHarm) {
  namespace fs = std::filesystem;
  for (const char* name : {"hdf5", "hdf5-bad"}) {
    const fs::path folder = test::SharedData(name);
    if (folder.empty()) GTEST_SKIP() << "no shared data";
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      SCOPED_TRACE(entry.path().string());
      if (entry.is_regular_file()) OpensWithoutHarm(entry.path());
    }
  }
}

// Puts another address in the place of each occurrence of a dataset's.
std::string WithDataAt(std::string file, std::uint64_t from, std::uint64_t to) {
  const auto bytes = [](std::uint64_t address) {
    return std::string(reinterpret_cast<const char*>(&address), sizeof address);
  };
  for (std::size_t at = 0; (at = file.find(bytes(from), at)) != std::string::npos; ++at) {
    file.replace(at, sizeof to, bytes(to));
  }
  return file;
}

std::uint64_t LibraryOffset(const std::filesystem::path& path, const char* dataset) {
  const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  const Id opened(H5Dopen2(file, dataset, H5P_DEFAULT), H5Dclose);
  return H5Dget_offset(opened);
}

// Moves the data of "victim" through the whole file, and each time that of "shadow", which polyak
// can't read, to begin behind it. Whatever is accepted must survive being written to.
class Hdf5DataOverStructure : public Hdf5Files {
 protected:
  void Sweep(std::uint64_t user_block_bytes) {
    const auto path = folder_ / "sound.h5";
    BuildSound(path, user_block_bytes);
    sound_ = test::ReadFile(path);
    names_ = Names(*OpenFile(path));
    const std::uint64_t victim = LibraryOffset(path, "victim") - user_block_bytes;
    const std::uint64_t shadow = LibraryOffset(path, "shadow") - user_block_bytes;
    for (std::uint64_t at = user_block_bytes; at + kVictimBytes <= sound_.size(); at += 24) {
      const std::string moved = WithDataAt(sound_, victim, at - user_block_bytes);
      Try(moved, at);
      Try(WithDataAt(moved, shadow, at - user_block_bytes + 8), at);
    }
    EXPECT_GT(refused_, 40U);
    EXPECT_EQ(destroyed_, 0U);
    test::WriteFile(folder_ / "over.h5", WithDataAt(sound_, victim, 0));
    EXPECT_THAT(ErrorOfOpening(folder_ / "over.h5").what(),
                HasSubstr("victim: its data lies over the structure of the file"));
  }

 private:
  static constexpr std::uint64_t kVictimBytes = 128;

  static void BuildSound(const std::filesystem::path& path, std::uint64_t user_block_bytes) {
    FileBuilder builder(path, user_block_bytes);
    const std::vector<std::uint64_t> zeros(64);
    builder.Dataset("layer/kernel", H5T_IEEE_F32LE, {4, 8}, zeros.data());
    builder.Dataset("victim", H5T_IEEE_F32LE, {kVictimBytes / 4}, zeros.data());
    const Id text(H5Tcopy(H5T_C_S1), H5Tclose);
    Succeeds(H5Tset_size(text, H5T_VARIABLE));
    const char* word = "word";
    builder.Dataset("shadow", text, {1}, &word);
    builder.HardLink("layer/kernel", "tied");
  }

  void Try(std::string moved, std::uint64_t at) {
    const auto path = folder_ / "over.h5";
    test::WriteFile(path, moved);
    try {
      OpenFile(path);
    } catch (const Error&) {
      ++refused_;
      return;
    }
    moved.replace(at, kVictimBytes, std::string(kVictimBytes, '\x5a'));
    test::WriteFile(path, moved);
    try {
      destroyed_ += Names(*OpenFile(path)) == names_ ? 0U : 1U;
    } catch (const Error& error) {
      ++destroyed_;
      ADD_FAILURE() << at << " of " << sound_.size() << ": " << error.what();
    }
  }

  std::string sound_;
  std::vector<std::string> names_;
  std::size_t refused_ = 0;
  std::size_t destroyed_ = 0;
};

TEST_F(Hdf5DataOverStructure, IsRefused) { Sweep(0); }

TEST_F(Hdf5DataOverStructure, IsRefusedBehindAUserBlock) { Sweep(512); }

}  // namespace
}  // namespace polyak::hdf5
