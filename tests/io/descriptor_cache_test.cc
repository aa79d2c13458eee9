#include "io/descriptor_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/error.h"
#include "io/input_file.h"
#include "io/pending_file.h"
#include "support/files.h"

namespace polyak {
namespace {

TEST(DescriptorCache, OpensAgainOnlyWhatItLetGoOf) {
  DescriptorCache cache(2);
  std::array<int, 3> owners{};
  std::array<int, 3> opened{};
  const auto get = [&](std::size_t i) {
    return cache.Get(&owners[i], [&] {
      ++opened[i];
      return open("/dev/null", O_RDONLY | O_CLOEXEC);
    });
  };
  const auto kept = get(0);
  get(1);
  get(0);
  get(2);  // lets go of 1
  get(0);
  EXPECT_EQ(opened, (std::array<int, 3>{1, 1, 1}));
  get(1);
  get(2);
  EXPECT_EQ(opened, (std::array<int, 3>{1, 2, 2}));
  EXPECT_EQ(fcntl(kept->number(), F_GETFD), FD_CLOEXEC) << "in use, so it is open";
}

TEST(DescriptorCache, LetsManyInputsBeReadThroughFewDescriptors) {
  const test::TemporaryFolder folder;
  const auto cache = std::make_shared<DescriptorCache>(1);
  std::vector<std::shared_ptr<const InputFile>> files;
  for (const char* const name : {"a", "b", "c"}) {
    const std::filesystem::path path = folder / name;
    test::WriteFile(path, name);
    files.push_back(InputFile::OpenOneOfMany(
        path, cache, [path] { return open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      std::byte byte{};
      files[i]->ReadAt(0, {&byte, 1});
      EXPECT_EQ(static_cast<char>(byte), "abc"[i]);
    }
  }
  test::WriteFile(folder / "new", "x");
  std::filesystem::rename(folder / "new", folder / "a");
  std::byte byte{};
  EXPECT_THROW(files[0]->ReadAt(0, {&byte, 1}), Error) << "another file is there now";
}

TEST(DescriptorCache, LetsManyOutputsBeWrittenThroughFewDescriptors) {
  const test::TemporaryFolder folder;
  const auto cache = std::make_shared<DescriptorCache>(1);
  {
    const PendingFile main(folder / "main", 0, false);
    std::vector<std::unique_ptr<PendingFile>> files;
    for (const char* const name : {"a", "b", "dropped"}) {
      files.push_back(std::make_unique<PendingFile>(folder / name, 4, main, files.size(), cache));
    }
    for (const std::uint64_t offset : {2U, 0U}) {
      for (const auto& file : files) file->WriteAt(offset, std::as_bytes(std::span("xy", 2)));
    }
    files[0]->Commit();
    files[1]->Commit();
  }
  EXPECT_EQ(folder.Names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(test::ReadFile(folder / "b"), "xyxy");
}

}  // namespace
}  // namespace polyak
