#include "formats/keras/member_content.h"

#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/error.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/keras/zip_fields.h"

namespace polyak::keras {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
// A match of 258 bytes takes two bits at least, in blocks without end.
constexpr std::uint64_t kMostRatio = 1032;

[[noreturn]] void FailPacked() {
  throw Error(ErrorKind::kCorrupt,
              "does not unpack to what the zip archive's directory says: it is damaged");
}

}  // namespace

void CheckSum(std::uint32_t found, const ZipMember& member) {
  if (found == member.crc) return;
  throw Error(
      ErrorKind::kCorrupt,
      fmt::format("its checksum is wrong (found {:08x}, expected {:08x})", found, member.crc));
}

namespace {

void CheckStop(const std::atomic<bool>* stop) {
  if (stop != nullptr && stop->load()) throw Error(ErrorKind::kCancelled, "stopped");
}

std::string InflateText(const std::string& packed, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  const auto result =
      libdeflate_deflate_decompress(decompressor.get(), packed.data(), packed.size(), text.data(),
                                    text.size(), nullptr);  // all of `text`, or an error
  if (result != LIBDEFLATE_SUCCESS) FailPacked();
  return text;
}

// The beginning of the member says how much there is of it: a small archive can claim terabytes.
// Some writers pad a file, but not by as much.
void CheckBeginning(const InputFile& unpacked, const ZipMember& member) {
  constexpr std::uint64_t kMostPadding = std::uint64_t{16} << 20;
  if (!hdf5::Probe(unpacked)) throw Error(ErrorKind::kCorrupt, "is no HDF5 file");
  const std::optional<std::uint64_t> known_end = hdf5::EndBySuperblock(unpacked);
  if (!known_end) throw Error(ErrorKind::kCorrupt, "is an HDF5 file with a damaged superblock");
  const std::uint64_t end = *known_end;
  if (end <= member.bytes && member.bytes - end <= kMostPadding) return;
  throw Error(
      ErrorKind::kCorrupt,
      fmt::format("unpacks to an HDF5 file of another size than the zip archive's directory "
                  "says (found {} bytes, expected {})",
                  end, member.bytes),
      end < member.bytes ? "pack the archive again, with stored members" : "");
}

// zlib's state while a member is unpacked.
class Inflation {
 public:
  Inflation() {
    // Deflate without a header of zlib's.
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;
  ~Inflation() { inflateEnd(&stream_); }

  void Give(std::span<std::byte> packed) {
    stream_.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_in = static_cast<uInt>(packed.size());
  }
  bool needs_more() const noexcept { return stream_.avail_in == 0; }
  bool ended() const noexcept { return ended_; }
  // Returns how much was unpacked.
  std::size_t Take(std::span<std::byte> room) {
    stream_.next_out = reinterpret_cast<Bytef*>(room.data());
    stream_.avail_out = static_cast<uInt>(room.size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) ended_ = true;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) FailPacked();
    return room.size() - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool ended_ = false;
};

}  // namespace

void CheckMember(const ZipMember& member) {
  if ((member.flags & kEncrypted) != 0) {
    throw Error(ErrorKind::kUnsupported, "is encrypted in the zip archive");
  }
  if (member.method != kStored && member.method != kDeflated) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("is packed by a method that polyak doesn't know (zip method {})",
                            member.method),
                "save it again with Keras, or pack it with stored or deflated members");
  }
  const bool is_possible = member.method == kStored
                               ? member.stored.length == member.bytes
                               : member.bytes / kMostRatio <= member.stored.length;
  if (is_possible) return;
  throw Error(ErrorKind::kCorrupt, fmt::format("can't have {} bytes unpacked, stored in {}",
                                               member.bytes, member.stored.length));
}

std::string ReadMember(const InputFile& file, const ZipMember& member, std::uint64_t most_bytes) {
  CheckMember(member);
  if (member.bytes > most_bytes || member.stored.length > most_bytes) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("is too large (found {} bytes, expected at most {})",
                            std::max(member.bytes, member.stored.length), most_bytes));
  }
  std::string text(member.stored.length, '\0');
  file.ReadAt(member.stored.offset, std::as_writable_bytes(std::span(text)));
  if (member.method == kDeflated) text = InflateText(text, member.bytes);
  CheckSum(ChecksumOf(text), member);
  return text;
}

void Inflate(const InputFile& file, const ZipMember& member, const SpillFile& unpacked,
             const std::atomic<bool>* stop) {
  CheckMember(member);
  Inflation inflation;
  std::vector<std::byte> packed(kPieceBytes);
  std::vector<std::byte> room(kPieceBytes);
  std::uint64_t taken = 0;
  std::uint64_t written = 0;
  std::uint32_t crc = 0;
  bool is_known = false;
  while (!inflation.ended()) {
    if (inflation.needs_more() && taken < member.stored.length) {
      CheckStop(stop);
      const std::size_t count = std::min<std::uint64_t>(kPieceBytes, member.stored.length - taken);
      file.ReadAt(member.stored.offset + taken, std::span(packed).first(count));
      inflation.Give(std::span(packed).first(count));
      taken += count;
    }
    const std::size_t count = inflation.Take(room);
    if (count > member.bytes - written) FailPacked();
    if (count == 0 && !inflation.ended() && taken == member.stored.length) FailPacked();
    unpacked.WriteAt(written, std::span(room).first(count));
    crc = libdeflate_crc32(crc, room.data(), count);
    written += count;
    if (!is_known && (written >= kPieceBytes || inflation.ended())) {
      CheckBeginning(*unpacked.AsInput(), member);
      is_known = true;
    }
  }
  if (written != member.bytes || taken != member.stored.length || !inflation.needs_more()) {
    FailPacked();
  }
  CheckSum(crc, member);
}

std::uint32_t ChecksumOf(const InputFile& file, const Extent& extent) {
  std::vector<std::byte> piece(std::min<std::uint64_t>(kPieceBytes, extent.length));
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < extent.length;) {
    const std::size_t count = std::min<std::uint64_t>(piece.size(), extent.length - done);
    file.ReadAt(extent.offset + done, std::span(piece).first(count));
    crc = libdeflate_crc32(crc, piece.data(), count);
    done += count;
  }
  return crc;
}

std::uint32_t ChecksumOf(std::string_view text) noexcept {
  return libdeflate_crc32(0, text.data(), text.size());
}

}  // namespace polyak::keras
