// Small slots near one another, and the template's bytes between them, written together: against
// the template edited as a string.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "io/spliced_output.h"
#include "support/files.h"

namespace polyak {
namespace {

// A template of slots and of what lies between them, an output that may have more between them,
// and the bytes that it is to have.
class Splicing {
 public:
  explicit Splicing(unsigned seed) : random_(seed) {
    for (int i = 0; i < 60; ++i) {
      AddGap();
      AddSlot();
    }
    AddGap();
    test::WriteFile(folder_ / "template", template_);
    file_ = InputFile::Open(folder_ / "template");
  }

  void SliceIntoEdits() { has_edits_ = true; }

  std::string Write() {
    std::vector<std::size_t> replaced(payloads_.size());
    for (std::size_t i = 0; i < replaced.size(); ++i) replaced[i] = i;
    OutputLayout layout{.sources = {file_}, .main = {}, .data = {}};
    std::vector<Edit> edits = Edits();
    layout.main.CopyEdited(0, *file_, edits, SpansIn(0, replaced, payloads_));
    SplicedOutput output({.path = folder_ / "out", .replace_existing = true, .replaced = replaced},
                         std::move(layout), payloads_, tensors_);
    for (const auto& [first, count] : Groups()) WriteGroup(output, first, count);
    for (std::size_t part = 0; part < output.kept_parts(); ++part) output.WriteKept(part);
    output.Commit("");
    return test::ReadFile(folder_ / "out");
  }

  std::string Expected() const {
    std::string expected = template_;
    for (std::size_t i = 0; i < payloads_.size(); ++i) {
      std::string stored = elements_[i];
      if (payloads_[i].swapped_bytes == 2) {
        for (std::size_t at = 0; at < stored.size(); at += 2) std::swap(stored[at], stored[at + 1]);
      }
      expected.replace(payloads_[i].runs[0].offset, stored.size(), stored);
    }
    const std::vector<Edit> edits = Edits();
    for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
      expected.replace(edit->offset, edit->removed, edit->inserted);
    }
    return expected;
  }

  std::size_t joined() const noexcept { return joined_; }

 private:
  std::uint64_t Number(std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
  }

  std::string Bytes(std::uint64_t count) {
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(Number(0, 255));
    return bytes;
  }

  // None, a few bytes, just too many, more.
  void AddGap() {
    const std::uint64_t sizes[] = {0,    0,    Number(1, 30), Number(1, 30), Number(200, 900),
                                   4096, 4097, 9000};
    gaps_.push_back(template_.size());
    template_ += Bytes(sizes[Number(0, 7)]);
  }

  void AddSlot() {
    const std::uint64_t sizes[] = {2, 2 * Number(1, 100), 2 * Number(1, 2048), 8000, 32768, 32770};
    const std::uint64_t bytes = sizes[Number(0, 5)];
    TensorInfo& tensor = tensors_.emplace_back();
    tensor.dtype = DType::kUInt16;
    tensor.element_bytes = 2;
    tensor.elements = bytes / 2;
    tensor.shape = {tensor.elements};
    tensor.stored_bytes = bytes;
    payloads_.push_back({.runs = {{template_.size(), bytes}},
                         .swapped_bytes = static_cast<std::uint8_t>(2 * Number(0, 1))});
    template_ += Bytes(bytes);
    elements_.push_back(Bytes(bytes));
  }

  // Right in front of some of the gaps, so right behind a slot.
  std::vector<Edit> Edits() const {
    std::vector<Edit> edits;
    for (std::size_t i = 0; has_edits_ && i + 1 < gaps_.size(); i += 5) {
      const std::uint64_t gap_bytes = payloads_[i].runs[0].offset - gaps_[i];
      edits.push_back({.offset = gaps_[i],
                       .removed = std::min<std::uint64_t>(gap_bytes, 3),
                       .inserted = "<a record>"});
    }
    return edits;
  }

  // Runs of tensors that one worker writes, in any order.
  std::vector<std::pair<std::size_t, std::size_t>> Groups() {
    std::vector<std::pair<std::size_t, std::size_t>> groups;
    for (std::size_t first = 0; first < payloads_.size();) {
      const std::size_t count = std::min<std::size_t>(Number(1, 20), payloads_.size() - first);
      groups.emplace_back(first, count);
      first += count;
    }
    std::shuffle(groups.begin(), groups.end(), random_);
    return groups;
  }

  void WriteGroup(Output& output, std::size_t first, std::size_t count) {
    std::vector<TensorToWrite> parts;
    for (std::size_t i = first; i < first + count; ++i) {
      parts.push_back({i, tensors_[i].elements, std::as_bytes(std::span(elements_[i]))});
    }
    for (std::span<const TensorToWrite> left = parts; !left.empty();) {
      const std::size_t written = output.WriteJoined(left);
      if (written > 1) joined_ += written;
      left = left.subspan(written);
    }
  }

  std::mt19937 random_;
  test::TemporaryFolder folder_;
  std::string template_;
  std::vector<std::uint64_t> gaps_;    // where each begins
  std::vector<std::string> elements_;  // of each slot, to be written
  std::vector<TensorInfo> tensors_;
  std::vector<Payload> payloads_;
  std::shared_ptr<const InputFile> file_;
  bool has_edits_ = false;
  std::size_t joined_ = 0;
};

TEST(JoinedOutput, WritesSlotsAndWhatLiesBetweenThem) {
  std::size_t joined = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    Splicing splicing(seed);
    EXPECT_TRUE(splicing.Write() == splicing.Expected()) << "seed " << seed;
    joined += splicing.joined();
  }
  EXPECT_GT(joined, 12U * 10) << "or there is nothing to be seen";
}

TEST(JoinedOutput, LeavesRoomForWhatIsInsertedBetweenSlots) {
  std::size_t joined = 0;
  for (unsigned seed = 100; seed < 112; ++seed) {
    Splicing splicing(seed);
    splicing.SliceIntoEdits();
    EXPECT_TRUE(splicing.Write() == splicing.Expected()) << "seed " << seed;
    joined += splicing.joined();
  }
  EXPECT_GT(joined, 12U * 10) << "or there is nothing to be seen";
}

}  // namespace
}  // namespace polyak
