#include "rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "changing_dataset.h"
#include "chunk_placing.h"
#include "formats/hdf5/protocol.h"
#include "library.h"
#include "object_clock.h"
#include "reserved_memory.h"

namespace polyak::hdf5 {
namespace {

constexpr const char* kRecordName = "polyak";
constexpr std::size_t kPlacesAtOnce = kMaxPacketBytes / 4 / 10;

class Rewriting {
 public:
  Rewriting(hid_t file, const wire::Rewrite& wanted, ChunkOrder order)
      : file_(file), wanted_(wanted), order_(order) {}

  // Returns where everything went, in the order asked.
  std::vector<std::uint64_t> Run() {
    places_ = ChunkPlacing(file_, wanted_).Run(order_);
    for (const std::uint64_t address : wanted_.allocated()) Allocate(address);
    for (const wire::CompactWrite& write : wanted_.compact()) WriteCompact(write);
    if (!wanted_.record().empty()) WriteRecord();
    return std::move(places_);
  }

 private:
  void Allocate(haddr_t address) {
    ChangingDataset dataset(file_, address, wire::Dataset::CONTIGUOUS);
    const ObjectClock clock = dataset.Clock();
    if (dataset.described().has_offset()) throw NotAsPlanned();
    const Handle type(H5Dget_type(dataset.id()), H5Tclose);
    const Handle space(H5Dget_space(dataset.id()), H5Sclose);
    const auto elements = static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space.id()));
    const ReservedMemory any_elements(elements * H5Tget_size(type.id()));
    const ElementsNote note;
    Checked(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, any_elements.data()));
    places_.push_back(H5Dget_offset(dataset.id()));
    if (places_.back() == HADDR_UNDEF) throw NotAsPlanned();
    dataset.Close();
  }

  void WriteCompact(const wire::CompactWrite& write) {
    ChangingDataset dataset(file_, write.object_address(), wire::Dataset::COMPACT);
    const ObjectClock clock = dataset.Clock();
    const Handle type(H5Dget_type(dataset.id()), H5Tclose);
    const Handle space(H5Dget_space(dataset.id()), H5Sclose);
    const auto elements = static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space.id()));
    if (elements * H5Tget_size(type.id()) != write.values().size()) {
      throw NotAsPlanned();
    }
    Checked(
        H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, write.values().data()));
    dataset.Close();
  }

  static std::string RecordName(unsigned part) {
    return part == 0 ? kRecordName : fmt::format("{}{}", kRecordName, part);
  }

  void WriteRecord() {
    const Handle root(H5Gopen2(file_, "/", H5P_DEFAULT), H5Gclose);
    const ObjectClock clock(ChangeTimeOf(root.id()));
    for (unsigned part = 0; RemoveRecord(root.id(), RecordName(part)); ++part) {
    }
    std::string rest;
    for (const std::string& piece : wanted_.record()) rest += piece;
    for (unsigned part = 0; part == 0 || !rest.empty(); ++part) {
      const std::size_t length = LengthOfPart(rest);
      WriteAttribute(root.id(), RecordName(part), rest.substr(0, length));
      rest.erase(0, length);
    }
  }

  // True where the next part belongs to it, too: this one is as long as a part can be. Attributes
  // that are merely called so are somebody else's.
  static bool RemoveRecord(hid_t group, const std::string& name) {
    if (Checked(H5Aexists(group, name.c_str())) == 0) return false;
    std::uint64_t bytes = 0;
    {
      const Handle attribute(H5Aopen(group, name.c_str(), H5P_DEFAULT), H5Aclose);
      bytes = H5Aget_storage_size(attribute.id());
    }
    Checked(H5Adelete(group, name.c_str()));
    return bytes >= kLeastBytesOfFullPart;
  }

  // What one attribute can hold, and no part of a UTF-8 character.
  static std::size_t LengthOfPart(const std::string& text) {
    if (text.size() <= kMostBytesOfAttribute) return text.size();
    std::size_t length = kMostBytesOfAttribute;
    const auto continues = [&](std::size_t at) { return (text[at] & 0xC0) == 0x80; };
    while (length > kLeastBytesOfFullPart && continues(length)) --length;
    return length;
  }

  static void WriteAttribute(hid_t group, const std::string& name, const std::string& text) {
    const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    Checked(H5Tset_size(type.id(), std::max<std::size_t>(text.size(), 1)));
    Checked(H5Tset_strpad(type.id(), H5T_STR_NULLPAD));
    Checked(H5Tset_cset(type.id(), H5T_CSET_UTF8));
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle attribute(
        H5Acreate2(group, name.c_str(), type.id(), space.id(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    Checked(H5Awrite(attribute.id(), type.id(), text.c_str()));
  }

  hid_t file_;
  const wire::Rewrite& wanted_;
  ChunkOrder order_;
  std::vector<std::uint64_t> places_;
};

void SendPlaces(const std::vector<std::uint64_t>& places, Answer& answer) {
  for (std::size_t at = 0; at < places.size(); at += kPlacesAtOnce) {
    const std::size_t count = std::min(kPlacesAtOnce, places.size() - at);
    wire::Placed& placed = *answer.ReplyWith(count * 10).mutable_placed();
    for (std::size_t i = at; i < at + count; ++i) placed.add_offsets(places[i]);
    answer.Flush();
  }
}

struct Outcome {
  Overlay overlay;
  std::vector<std::uint64_t> places;
};

Outcome Try(const Image& image, const wire::Rewrite& rewrite, ChunkOrder order) {
  Outcome outcome;
  DescriptorFile file(image, outcome.overlay);
  outcome.places = Rewriting(file.id(), rewrite, order).Run();
  file.Close();
  return outcome;
}

// Which order leaves less room unused isn't known before.
Outcome TryBoth(const Image& image, const wire::Rewrite& rewrite) {
  Outcome outcome = Try(image, rewrite, ChunkOrder::kAsAsked);
  if (!AreLarge(rewrite)) return outcome;
  Outcome other = Try(image, rewrite, ChunkOrder::kLargestFirst);
  return other.overlay.end() < outcome.overlay.end() ? std::move(other) : std::move(outcome);
}

}  // namespace

void AnswerRewrite(const Image& image, const wire::Rewrite& rewrite, Answer& answer) {
  const Outcome outcome = TryBoth(image, rewrite);
  SendPlaces(outcome.places, answer);
  outcome.overlay.ForEachPiece([&](std::uint64_t address, std::span<const char> bytes) {
    wire::Patch& patch = *answer.ReplyWith(bytes.size() + 16).add_patches();
    patch.set_offset(address);
    patch.set_bytes(bytes.data(), bytes.size());
  });
  answer.ReplyWith(8).set_image_bytes(outcome.overlay.end());
}

}  // namespace polyak::hdf5
