#include "formats/keras/archive_container.h"

#include <algorithm>
#include <cassert>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "formats/keras/little_endian.h"
#include "formats/keras/member_content.h"
#include "formats/keras/zip_fields.h"
#include "formats/keras/zip_rewriting.h"

namespace polyak::keras {
namespace {

std::string TextAt(const InputFile& file, const Extent& extent) {
  std::string text(extent.length, '\0');
  file.ReadAt(extent.offset, std::as_writable_bytes(std::span(text)));
  return text;
}

// The bytes in front of the directory that an output has, too: all but an earlier record, if there
// is to be a new one.
std::vector<Extent> KeptBytes(const ZipDirectory& directory, bool replaces_record) {
  const std::uint64_t end = directory.end.directory.offset;
  const ZipMember* const record = replaces_record ? directory.Find(kRecordMember) : nullptr;
  if (record == nullptr) return {{0, end}};
  const Extent gone = record->whole();
  return {{0, gone.offset}, {gone.end(), end - gone.end()}};
}

// The parts of `kept` within [begin, end).
std::vector<Extent> Within(const std::vector<Extent>& kept, std::uint64_t begin,
                           std::uint64_t end) {
  std::vector<Extent> parts;
  for (const Extent& extent : kept) {
    const std::uint64_t from = std::max(extent.offset, begin);
    const std::uint64_t to = std::min(extent.end(), end);
    if (from < to) parts.push_back({from, to - from});
  }
  return parts;
}

bool AreEqual(const InputFile& a, std::uint64_t a_offset, const InputFile& b,
              std::uint64_t b_offset, std::uint64_t bytes) {
  constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
  std::vector<std::byte> of_a(kPieceBytes);
  std::vector<std::byte> of_b(kPieceBytes);
  for (std::uint64_t done = 0; done < bytes;) {
    const std::size_t count = std::min<std::uint64_t>(kPieceBytes, bytes - done);
    a.ReadAt(a_offset + done, std::span(of_a).first(count));
    b.ReadAt(b_offset + done, std::span(of_b).first(count));
    if (!std::ranges::equal(std::span(of_a).first(count), std::span(of_b).first(count))) {
      return false;
    }
    done += count;
  }
  return true;
}

struct RecordMember {
  std::string bytes;  // header and content
  std::string entry;
};

// A stored member that begins at `header`. Its time is the earliest there is.
RecordMember MakeRecordMember(std::string_view record, std::uint64_t header) {
  constexpr std::uint16_t kVersion = 20;
  constexpr std::uint16_t kMadeOnUnix = 3 << 8;
  constexpr std::uint16_t kFirstOfJanuary1980 = 0x21;
  constexpr std::uint32_t kReadable = 0644U << 16;
  const MemberNumbers numbers{.crc = ChecksumOf(record),
                              .method = kStored,
                              .flags = 0,
                              .stored_bytes = record.size(),
                              .bytes = record.size(),
                              .header = header};
  std::string local_head(local::kSignature);
  local_head.resize(local::kHeadBytes);
  PutNumber(kVersion, 2, local::kVersion, local_head);
  PutNumber(kFirstOfJanuary1980, 2, local::kDate, local_head);
  PutNumber(kRecordMember.size(), 2, local::kNameBytes, local_head);
  std::string entry(central::kSignature);
  entry.resize(central::kHeadBytes);
  PutNumber(kMadeOnUnix | kVersion, 2, central::kMadeBy, entry);
  PutNumber(kVersion, 2, central::kVersion, entry);
  PutNumber(kFirstOfJanuary1980, 2, central::kDate, entry);
  PutNumber(kRecordMember.size(), 2, central::kNameBytes, entry);
  PutNumber(kReadable, 4, central::kAttributes, entry);
  return {.bytes = RewriteHeader(local_head.append(kRecordMember), numbers).append(record),
          .entry = RewriteEntry(entry.append(kRecordMember), numbers)};
}

// Bytes of the template, and where they are in the output.
struct Moved {
  Extent from;
  std::uint64_t to = 0;
};

// What an output has around its weights, once these are there.
class Surroundings {
 public:
  // The weights begin at `begin`, with these numbers.
  Surroundings(const ZipDirectory& directory, const ZipMember& weights, std::uint64_t begin,
               MemberNumbers numbers, bool replaces_record)
      : directory_(directory), weights_(weights), begin_(begin), numbers_(numbers) {
    const std::vector<Extent> kept = KeptBytes(directory, replaces_record);
    const auto place = [this](const std::vector<Extent>& parts, std::uint64_t at) {
      for (const Extent& part : parts) {
        moved_.push_back({part, at});
        at += part.length;
      }
      return at;
    };
    place(Within(kept, 0, weights.stored.offset), 0);
    behind_ = moved_.size();
    end_ = place(Within(kept, weights.stored.end(), directory.end.directory.offset),
                 begin + numbers.stored_bytes);
  }

  void Write(const InputFile& source, std::string_view record, PendingFile& file) const {
    std::string rest;  // record, directory, end
    std::string entries = Entries(source, !record.empty());
    if (!record.empty()) {
      RecordMember member = MakeRecordMember(record, end_);
      rest = std::move(member.bytes);
      entries += member.entry;
    }
    const std::uint64_t members = CountMembers(!record.empty());
    const Extent place{end_ + rest.size(), entries.size()};
    rest += entries + RewriteZipEnd(directory_.end, place, members);
    file.Resize(end_ + rest.size());
    for (const Moved& moved : std::span(moved_).subspan(behind_)) {
      file.CopyFrom(source, moved.from.offset, moved.to, moved.from.length);
    }
    file.WriteAt(end_, std::as_bytes(std::span(rest)));
    const Extent old_header{weights_.header, weights_.stored.offset - weights_.header};
    const std::string header = RewriteHeader(TextAt(source, old_header), numbers_);
    file.WriteAt(begin_ - header.size(), std::as_bytes(std::span(header)));
  }

 private:
  static bool IsReplaced(const ZipMember& member, bool replaces_record) {
    return replaces_record && member.name == kRecordMember;
  }

  std::uint64_t CountMembers(bool replaces_record) const {
    const std::uint64_t members = directory_.members.size();
    const bool had_record = directory_.Find(kRecordMember) != nullptr;
    return members + (replaces_record && !had_record ? 1 : 0);
  }

  std::string Entries(const InputFile& source, bool replaces_record) const {
    std::string entries;
    for (const ZipMember& member : directory_.members) {
      if (IsReplaced(member, replaces_record)) continue;
      MemberNumbers numbers = &member == &weights_ ? numbers_ : NumbersOf(member);
      numbers.header = NewPlaceOf(member.header);
      entries += RewriteEntry(TextAt(source, member.entry), numbers);
    }
    return entries;
  }

  // Of a member that is kept and has its header there in the template.
  std::uint64_t NewPlaceOf(std::uint64_t header) const {
    for (const Moved& moved : moved_) {
      if (header >= moved.from.offset && header < moved.from.end()) {
        return moved.to + (header - moved.from.offset);
      }
    }
    assert(false);
    return header;
  }

  const ZipDirectory& directory_;
  const ZipMember& weights_;
  std::uint64_t begin_;
  MemberNumbers numbers_;
  std::vector<Moved> moved_;
  std::size_t behind_ = 0;  // the first of moved_ behind the weights
  std::uint64_t end_ = 0;   // of all of them
};

}  // namespace

ArchiveContainer::ArchiveContainer(ZipDirectory directory, std::size_t weights, InputFiles files)
    : directory_(std::move(directory)), weights_(weights), files_(std::move(files)) {}

OutputLayout ArchiveContainer::LayOut(const InputFiles& files, std::span<const hdf5::Image> images,
                                      const OutputRequest& request, std::span<Place> places) const {
  const hdf5::Image& image = images.front();
  const ZipMember& member = weights();
  OutputLayout layout{.sources = files, .main = {}, .data = {}};
  const std::vector<Extent> kept = KeptBytes(directory_, !request.provenance.empty());
  for (const Extent& part : Within(kept, 0, member.stored.offset)) layout.main.Copy(0, part);
  places.front() = {.file = 0, .offset = layout.main.size()};
  layout.main.Copy(image.file, {image.offset, image.bytes});
  for (const Extent& part : Within(kept, member.stored.end(), directory_.end.directory.offset)) {
    layout.main.Copy(0, part);
  }
  const std::uint64_t directory = directory_.end.directory.offset;
  layout.main.Copy(0, {directory, files.front()->size() - directory});
  return layout;
}

// Those that were unpacked have been looked at then.
void ArchiveContainer::CheckContent(const InputFiles& files) const {
  const ZipMember& member = weights();
  if (member.method == kDeflated) return;
  try {
    CheckSum(ChecksumOf(*files.front(), member.stored), member);
  } catch (Error& error) {
    error.AddContext(member.name);
    error.AddContext(files.front()->path().string());
    throw;
  }
}

void ArchiveContainer::Finish(PendingFiles files, std::span<const Place> places,
                              std::span<const std::uint64_t> sizes, std::string_view record) const {
  PendingFile& file = *files.back();
  const std::uint64_t begin = places.front().offset;
  const ZipMember& member = weights();
  MemberNumbers numbers = NumbersOf(member);
  const auto written = file.AsInput();
  const bool is_kept = member.method == kDeflated && sizes.front() == member.bytes &&
                       AreEqual(*written, begin, *files_.back(), 0, member.bytes);
  if (is_kept) {
    file.CopyFrom(*files_.front(), member.stored.offset, begin, member.stored.length);
  } else {
    numbers.method = kStored;
    if (member.method == kDeflated) numbers.flags &= static_cast<std::uint16_t>(~kDeflateOptions);
    numbers.bytes = sizes.front();
    numbers.stored_bytes = sizes.front();
    numbers.crc = ChecksumOf(*written, {begin, sizes.front()});
  }
  Surroundings(directory_, member, begin, numbers, !record.empty())
      .Write(*files_.front(), record, file);
}

}  // namespace polyak::keras
