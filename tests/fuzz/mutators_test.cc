// The mutators themselves: what they put right is right, and the same number gives the same mutant.
// And what holds them in check sees whatever may go wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/archive_mutator.h"
#include "fuzz/byte_mutator.h"
#include "fuzz/checkpoint_mutator.h"
#include "fuzz/forked_trial.h"
#include "fuzz/hdf5_checksums.h"
#include "fuzz/wire_mutator.h"
#include "support/files.h"
#include "support/zip_builder.h"

namespace polyak::test {
namespace {

// From the comments of lookup3.c: its driver5().
TEST(Lookup3, IsJenkinss) {
  EXPECT_EQ(Lookup3(""), 0xdeadbeefU);
  EXPECT_EQ(Lookup3("Four score and seven years ago"), 0x17770551U);
}

// A block of that signature with its checksum behind it.
std::string Block(std::string text) {
  const std::uint32_t sum = Lookup3(text);
  return std::move(text) + ZipBuilder::Number(sum, 4);
}

TEST(Hdf5Checksums, AreFoundAndRepairedInPlace) {
  const std::string good = "front" + Block("OHDR one") + "between" + Block("BTHD and two");
  const Hdf5Checksums checksums(good);
  EXPECT_EQ(checksums.size(), 2U);
  std::string changed = good;
  checksums.Repair(changed);
  EXPECT_EQ(changed, good);
  changed[10] = 'x';
  checksums.Repair(changed);
  EXPECT_EQ(changed.substr(5), Block(changed.substr(5, 8)) + good.substr(17));
}

TEST(ByteMutator, ChangesTheSameBytesForTheSameNumber) {
  const std::string good(200, 'x');
  std::size_t changed = 0;
  for (std::uint64_t number = 0; number < 100; ++number) {
    std::string one = good;
    std::string other = good;
    ByteMutator(number).Change(one);
    ByteMutator(number).Change(other);
    EXPECT_EQ(one, other);
    changed += one != good ? 1U : 0U;
  }
  EXPECT_GT(changed, 80U);
}

TEST(ByteMutator, StaysInTheRangeThatItIsGiven) {
  for (std::uint64_t number = 0; number < 1000; ++number) {
    std::string bytes(64, 'x');
    ByteMutator(number).ChangeInPlace(bytes, 20, 7);
    ASSERT_EQ(bytes.size(), 64U);
    EXPECT_EQ(bytes.substr(0, 20), std::string(20, 'x'));
    EXPECT_EQ(bytes.substr(27), std::string(37, 'x'));
  }
}

TEST(ArchiveMutator, PutsTheChecksumOfWhatItChangedRight) {
  ZipBuilder zip;
  zip.Add("config.json", "{}").Add("model.weights.h5", std::string(500, 'w'));
  const std::string good = zip.Bytes();
  const ArchiveMutator archive(good);
  std::size_t repaired = 0;
  for (std::uint64_t number = 0; number < 200; ++number) {
    ByteMutator mutator(number);
    const std::string mutant = archive.Next(mutator);
    if (mutant.size() != good.size()) continue;
    const std::size_t content = good.find(std::string(500, 'w'));
    const std::string sum =
        ZipBuilder::Number(ZipBuilder::Checksum(std::string_view(mutant).substr(content, 500)), 4);
    if (mutant.substr(content, 500) != good.substr(content, 500) &&
        mutant.substr(content - 16 - 16, 4) == sum) {
      ++repaired;
    }
  }
  EXPECT_GT(repaired, 50U);
}

TEST(CheckpointMutator, ChangesOneFileOfAModelWithExternalData) {
  const TemporaryFolder good;
  WriteFile(good / "m.onnx", std::string("\x08\x07", 2));  // a protobuf message: field 1 is 7
  const std::string floats(200, '\0');                     // none: there is no field 0
  WriteFile(good / "m.onnx.data", floats);
  const CheckpointMutator checkpoint(good.path());
  std::size_t changed = 0;
  for (std::uint64_t number = 0; number < 100; ++number) {
    const TemporaryFolder mutant;
    checkpoint.Write(number, mutant.path());
    const std::string data = ReadFile(mutant / "m.onnx.data");
    if (data == floats) continue;
    EXPECT_EQ(ReadFile(mutant / "m.onnx"), ReadFile(good / "m.onnx"));
    changed += data.size() > floats.size() / 2 ? 1U : 0U;
  }
  EXPECT_GT(changed, 20U);
}

TEST(WireMutator, TakesNothingButMessages) {
  EXPECT_THROW(WireMutator({std::string(200, '\0')}, 1), std::invalid_argument);
}

TEST(ForkedTrial, HandsBackWhatItsTrialSays) {
  const TrialResult result = RunForked([] { return TrialResult{Judgement::kRefused, "text"}; });
  EXPECT_EQ(result.judgement, Judgement::kRefused);
  EXPECT_EQ(result.complaint, "text");
}

void ExpectWrong(const TrialResult& result, const char* complaint) {
  EXPECT_EQ(result.judgement, Judgement::kWrong);
  EXPECT_THAT(result.complaint, ::testing::HasSubstr(complaint));
}

TEST(ForkedTrial, SeesCrashesHangsAndExceptions) {
  ExpectWrong(RunForked([]() -> TrialResult {
                raise(SIGKILL);
                return {};
              }),
              "signal 9");
  ExpectWrong(RunForked(
                  []() -> TrialResult {
                    while (pause() != 0) continue;
                    return {};
                  },
                  1),
              "hangs");
  ExpectWrong(RunForked([]() -> TrialResult { throw std::bad_alloc(); }), "bad_alloc");
}

TEST(ForkedTrial, SeesTooMuchMemory) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  ExpectWrong(RunForked([]() -> TrialResult {
                const std::vector<char> resident(std::size_t{400} << 20, 'x');
                return {resident[1] == 'x' ? Judgement::kAccepted : Judgement::kRefused, ""};
              }),
              "resident");
#endif
}

}  // namespace
}  // namespace polyak::test
