#include "rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "chunk_grid.h"
#include "describe.h"
#include "formats/hdf5/protocol.h"
#include "library.h"
#include "object_clock.h"
#include "reserved_memory.h"

namespace polyak::hdf5 {
namespace {

constexpr const char* kRecordName = "polyak";
constexpr std::size_t kPlacesAtOnce = kMaxPacketBytes / 4 / 10;

// A dataset that is open to be changed, at its own time.
class ChangingDataset {
 public:
  ChangingDataset(hid_t file, haddr_t address)
      : object_(H5Oopen_by_addr(file, address), H5Oclose),
        clock_(object_.id()),
        described_(DescribeIfDataset(object_.id(), address)) {}

  hid_t id() const noexcept { return object_.id(); }
  const wire::Dataset& described() const noexcept { return described_; }
  void Require(wire::Dataset::Layout layout) const {
    if (described_.layout() != layout) throw NotAsPlanned();
  }
  // Throws where what was changed can't be kept.
  void Close() { object_.CloseNow(); }

  static Failure NotAsPlanned() {
    return {wire::Failure::DAMAGED, "a dataset isn't what it was when the file was opened"};
  }

 private:
  static wire::Dataset DescribeIfDataset(hid_t object, haddr_t address) {
    if (H5Iget_type(object) != H5I_DATASET) throw NotAsPlanned();
    return Describe(object, "", address);
  }

  Handle object_;
  ObjectClock clock_;
  wire::Dataset described_;
};

// What can be shrunk to nothing and grown again without the library writing elements.
bool CanBeEmptied(hid_t dataset) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  H5D_alloc_time_t time = H5D_ALLOC_TIME_ERROR;
  Checked(H5Pget_alloc_time(creation.id(), &time));
  unsigned options = 0;
  Checked(H5Pget_chunk_opts(creation.id(), &options));
  return time != H5D_ALLOC_TIME_EARLY && options == 0;
}

// Gives the room of all chunks back at once, so that it is whole again before anything is put
// there.
void Empty(hid_t file, haddr_t address) {
  ChangingDataset dataset(file, address);
  dataset.Require(wire::Dataset::CHUNKED);
  if (!CanBeEmptied(dataset.id())) return;
  const auto& dims = dataset.described().dims();
  std::vector<hsize_t> extent(dims.begin(), dims.end());
  const hsize_t rows = std::exchange(extent.at(0), 0);
  Checked(H5Dset_extent(dataset.id(), extent.data()));
  extent[0] = rows;
  Checked(H5Dset_extent(dataset.id(), extent.data()));
  dataset.Close();
}

class Rewriting {
 public:
  Rewriting(hid_t file, const wire::Rewrite& wanted) : file_(file), wanted_(wanted) {}

  // Returns where everything went, in the order asked.
  std::vector<std::uint64_t> Run() {
    haddr_t emptied = HADDR_UNDEF;
    for (const wire::ChunkedWrite& write : wanted_.chunked()) {
      if (!write.replaces_all() || write.object_address() == emptied) continue;
      emptied = write.object_address();
      Empty(file_, emptied);
    }
    for (const wire::ChunkedWrite& write : wanted_.chunked()) WriteChunks(write);
    for (const std::uint64_t address : wanted_.allocated()) Allocate(address);
    for (const wire::CompactWrite& write : wanted_.compact()) WriteCompact(write);
    if (!wanted_.record().empty()) WriteRecord();
    return std::move(places_);
  }

 private:
  void WriteChunks(const wire::ChunkedWrite& write) {
    ChangingDataset dataset(file_, write.object_address());
    dataset.Require(wire::Dataset::CHUNKED);
    const ChunkGrid grid(dataset.described());
    if (write.bytes_size() != write.chunks_size() || write.masks_size() != write.chunks_size()) {
      throw Failure(wire::Failure::SYSTEM, "polyak's lists of chunks differ in length");
    }
    for (int i = 0; i < write.chunks_size(); ++i) {
      if (write.chunks(i) >= grid.places() || write.bytes(i) == 0) {
        throw ChangingDataset::NotAsPlanned();
      }
      WriteChunk(dataset.id(), grid.OriginOf(write.chunks(i)), write.bytes(i), write.masks(i));
    }
    dataset.Close();
  }

  void WriteChunk(hid_t dataset, const ChunkOrigin& origin, std::uint32_t bytes,
                  std::uint32_t mask) {
    ElementsNote note;
    Checked(H5Dwrite_chunk(dataset, H5P_DEFAULT, mask, origin.data(), bytes, any_elements_.data()));
    const FilePlace place = note.Take();
    if (place.length != bytes) throw ChangingDataset::NotAsPlanned();
    places_.push_back(place.begin);
  }

  void Allocate(haddr_t address) {
    ChangingDataset dataset(file_, address);
    dataset.Require(wire::Dataset::CONTIGUOUS);
    if (dataset.described().has_offset()) throw ChangingDataset::NotAsPlanned();
    const Handle type(H5Dget_type(dataset.id()), H5Tclose);
    const Handle space(H5Dget_space(dataset.id()), H5Sclose);
    const auto elements = static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space.id()));
    const ReservedMemory any_elements(elements * H5Tget_size(type.id()));
    const ElementsNote note;
    Checked(H5Dwrite(dataset.id(), type.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, any_elements.data()));
    places_.push_back(H5Dget_offset(dataset.id()));
    if (places_.back() == HADDR_UNDEF) throw LibraryFailure();
    dataset.Close();
  }

  void WriteCompact(const wire::CompactWrite& write) {
    ChangingDataset dataset(file_, write.object_address());
    dataset.Require(wire::Dataset::COMPACT);
    const Handle type(H5Dget_type(dataset.id()), H5Tclose);
    const Handle space(H5Dget_space(dataset.id()), H5Sclose);
    const auto elements = static_cast<std::uint64_t>(H5Sget_simple_extent_npoints(space.id()));
    if (elements * H5Tget_size(type.id()) != write.values().size()) {
      throw ChangingDataset::NotAsPlanned();
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
    const ObjectClock clock(root.id());
    for (unsigned part = 0; RemoveRecord(root.id(), RecordName(part)) || part == 0; ++part) {
    }
    std::string rest;
    for (const std::string& piece : wanted_.record()) rest += piece;
    for (unsigned part = 0; part == 0 || !rest.empty(); ++part) {
      const std::size_t length = LengthOfPart(rest);
      WriteAttribute(root.id(), RecordName(part), rest.substr(0, length));
      rest.erase(0, length);
    }
  }

  static bool RemoveRecord(hid_t group, const std::string& name) {
    if (Checked(H5Aexists(group, name.c_str())) == 0) return false;
    Checked(H5Adelete(group, name.c_str()));
    return true;
  }

  // What one attribute can hold, and no part of a UTF-8 character.
  static std::size_t LengthOfPart(const std::string& text) {
    if (text.size() <= kMostBytesOfAttribute) return text.size();
    std::size_t length = kMostBytesOfAttribute;
    const auto continues = [&](std::size_t at) { return (text[at] & 0xC0) == 0x80; };
    while (length > kMostBytesOfAttribute - 4 && continues(length)) --length;
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
  std::vector<std::uint64_t> places_;
  ReservedMemory any_elements_{std::numeric_limits<std::uint32_t>::max()};
};

void SendPlaces(const std::vector<std::uint64_t>& places, Answer& answer) {
  for (std::size_t at = 0; at < places.size(); at += kPlacesAtOnce) {
    const std::size_t count = std::min(kPlacesAtOnce, places.size() - at);
    wire::Placed& placed = *answer.ReplyWith(count * 10).mutable_placed();
    for (std::size_t i = at; i < at + count; ++i) placed.add_offsets(places[i]);
    answer.Flush();
  }
}

}  // namespace

void AnswerRewrite(const Image& image, const wire::Rewrite& rewrite, Answer& answer) {
  Overlay overlay;
  DescriptorFile file(image, overlay);
  const std::vector<std::uint64_t> places = Rewriting(file.id(), rewrite).Run();
  file.Close();
  SendPlaces(places, answer);
  overlay.ForEachPiece([&](std::uint64_t address, std::span<const char> bytes) {
    wire::Patch& patch = *answer.ReplyWith(bytes.size() + 16).add_patches();
    patch.set_offset(address);
    patch.set_bytes(bytes.data(), bytes.size());
  });
  answer.ReplyWith(8).set_image_bytes(overlay.end());
}

}  // namespace polyak::hdf5
