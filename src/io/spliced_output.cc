#include "io/spliced_output.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <set>
#include <utility>

#include "core/error.h"
#include "io/output_place.h"

namespace polyak {
namespace {

// Large enough for the cost of a job to vanish, small enough for a stop to be noticed soon.
constexpr std::uint64_t kKeptPartBytes = std::uint64_t{4} << 20;
constexpr std::size_t kBufferBytes = 65536;  // a multiple of every group of bytes
// With more data files than this not all of them stay open.
constexpr std::size_t kMostOpenFiles = 64;

struct Slot {
  std::uint32_t source;
  Extent extent;
  bool is_small;

  bool operator<(const Slot& other) const noexcept {
    return std::pair(source, extent.offset) < std::pair(other.source, other.extent.offset);
  }
};

std::vector<Slot> SlotsOf(std::span<const std::size_t> replaced,
                          std::span<const Payload> payloads) {
  std::vector<Slot> slots;
  for (const std::size_t tensor : replaced) {
    for (const PayloadRun& run : payloads[tensor].runs) {
      const bool is_small = payloads[tensor].is_one_piece() && run.bytes <= kSmallTensorBytes;
      if (run.bytes > 0) slots.push_back({run.file, run.span(), is_small});
    }
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

std::uint64_t PayloadBytesOf(std::span<const std::size_t> replaced,
                             std::span<const Payload> payloads) {
  std::uint64_t bytes = 0;
  for (const std::size_t tensor : replaced) {
    for (const PayloadRun& run : payloads[tensor].runs) bytes += run.bytes;
  }
  return bytes;
}

// Where data files of this output are, or an earlier run for it may have had some.
std::set<std::filesystem::path> OtherFoldersOf(const OutputLayout& layout,
                                               const OutputPlace& place) {
  std::set<std::filesystem::path> folders;
  const auto add = [&](const std::string& name) {
    folders.insert(place.Beside(name).parent_path());
  };
  for (const OutputLayout::DataFile& data : layout.data) add(data.name);
  for (const std::string& name : layout.mirrored) add(name);
  folders.erase(place.target.parent_path());
  return folders;
}

}  // namespace

SplicedOutput::SplicedOutput(const OutputRequest& request, OutputLayout layout,
                             std::span<const Payload> payloads, std::span<const TensorInfo> tensors,
                             FinishFiles finish)
    : payloads_(payloads),
      tensors_(tensors),
      sources_(std::move(layout.sources)),
      record_offset_(layout.main.record_offset()),
      stop_(request.stop),
      finish_(std::move(finish)) {
  MapSources(layout);
  LayOutKept(request.replaced);
  expected_bytes_ = kept_bytes_ + lead_bytes_ + PayloadBytesOf(request.replaced, payloads_);
  CreateFiles(request, layout);
}

void SplicedOutput::MapSources(const OutputLayout& layout) {
  const auto map_file = [this](const FileLayout& file, std::size_t number) {
    size_ += file.size();
    for (const FileLayout::Copied& copied : file.copied()) {
      mapped_.push_back({copied.source, copied.extent, {number, copied.offset}});
    }
  };
  for (std::size_t i = 0; i < layout.data.size(); ++i) map_file(layout.data[i].layout, i);
  map_file(layout.main, layout.data.size());
  std::ranges::sort(mapped_, [](const Mapped& a, const Mapped& b) {
    return std::pair(a.source, a.extent.offset) < std::pair(b.source, b.extent.offset);
  });
}

// What is copied is kept, but for the slots.
void SplicedOutput::LayOutKept(std::span<const std::size_t> replaced) {
  const std::vector<Slot> slots = SlotsOf(replaced, payloads_);
  for (const Mapped& mapped : mapped_) {
    std::uint64_t position = mapped.extent.offset;
    auto slot =
        std::lower_bound(slots.begin(), slots.end(), Slot{mapped.source, mapped.extent, false});
    bool follows_small = false;
    for (; slot != slots.end() && slot->source == mapped.source &&
           slot->extent.offset < mapped.extent.end();
         ++slot) {
      assert(slot->extent.end() <= mapped.extent.end());
      const std::uint64_t gap_end = std::max(position, slot->extent.offset);
      const Extent gap{position, gap_end - position};
      if (follows_small && slot->is_small && gap.length <= kMostGapBytes) {
        SkipLead(mapped.source, gap);
      } else {
        Keep(mapped, gap);
      }
      follows_small = slot->is_small;
      position = std::max(position, slot->extent.end());
    }
    Keep(mapped, {.offset = position, .length = mapped.extent.end() - position});
  }
}

void SplicedOutput::SkipLead(std::uint32_t source, const Extent& gap) {
  if (gap.length == 0) return;
  leads_.push_back({source, gap.end(), gap.length});
  lead_bytes_ += gap.length;
}

void SplicedOutput::Keep(const Mapped& mapped, Extent extent) {
  kept_bytes_ += extent.length;
  while (extent.length > 0) {
    const std::uint64_t length = std::min(extent.length, kKeptPartBytes);
    const std::uint64_t into = extent.offset - mapped.extent.offset;
    kept_.push_back({mapped.source, {extent.offset, length}, mapped.place});
    kept_.back().place.offset += into;
    extent = {extent.offset + length, extent.length - length};
  }
}

// The main one first: its temporary file stands for all, and goes last where something throws. What
// killed runs left goes before anything takes room.
void SplicedOutput::CreateFiles(const OutputRequest& request, const OutputLayout& layout) {
  const OutputPlace place = FindOutputPlace(request.path, request.replace_existing);
  auto main =
      std::make_unique<PendingFile>(request.path, layout.main.size(), request.replace_existing);
  std::vector<std::unique_ptr<PendingFile>> files;
  std::shared_ptr<DescriptorCache> cache;
  if (layout.data.size() > kMostOpenFiles) {
    cache = std::make_shared<DescriptorCache>(DescriptorCache::UsualSize());
  }
  for (const std::filesystem::path& folder : OtherFoldersOf(layout, place)) {
    main->RemoveStaleIn(folder);
  }
  for (const std::string& detour : layout.detours) folders_.MakeFor(place.folder, detour);
  for (const OutputLayout::DataFile& data : layout.data) {
    folders_.MakeFor(place.folder, data.name);
    files.push_back(std::make_unique<PendingFile>(place.Beside(data.name), data.layout.size(),
                                                  *main, files.size(), cache));
  }
  files.push_back(std::move(main));
  files_ = std::move(files);
  const auto write_literals = [](const FileLayout& file, PendingFile& target) {
    for (const FileLayout::Literal& literal : file.literals()) {
      target.WriteAt(literal.offset, std::as_bytes(std::span(literal.bytes)));
    }
  };
  for (std::size_t i = 0; i < layout.data.size(); ++i) {
    write_literals(layout.data[i].layout, *files_[i]);
  }
  write_literals(layout.main, *files_.back());
}

SplicedOutput::Place SplicedOutput::PlaceOf(std::uint32_t source, std::uint64_t offset) const {
  auto after = std::ranges::upper_bound(
      mapped_, std::pair(source, offset), {},
      [](const Mapped& mapped) { return std::pair(mapped.source, mapped.extent.offset); });
  assert(after != mapped_.begin());
  const Mapped& mapped = *--after;
  assert(mapped.source == source && offset < mapped.extent.end());
  return {mapped.place.file, mapped.place.offset + (offset - mapped.extent.offset)};
}

Tiles SplicedOutput::DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const {
  const TensorInfo& info = tensors_[tensor];
  return Tiles::Ranges(info.elements,
                       std::max<std::uint64_t>(1, bytes_wanted / info.element_bytes));
}

void SplicedOutput::DoWrite(std::size_t tensor, const Box& box,
                            std::span<const std::byte> elements) {
  const Payload& payload = payloads_[tensor];
  ForEachPart(payload, tensors_[tensor], box, [&](const RunPart& part, std::uint64_t box_offset) {
    const auto bytes = elements.subspan(box_offset, part.bytes);
    if (part.run.piece_bytes > 0) {
      WriteScattered(part, bytes);
    } else {
      const std::uint64_t offset = part.run.offset + part.begin;
      WriteLead(part.run.file, offset);
      WriteContiguous(PlaceOf(part.run.file, offset), bytes, payload.swapped_bytes);
    }
  });
  written_bytes_ += elements.size();
}

void SplicedOutput::WriteSlot(std::uint32_t source, std::uint64_t offset,
                              std::span<const std::byte> bytes) {
  WriteLead(source, offset);
  WriteContiguous(PlaceOf(source, offset), bytes, 0);
  written_bytes_ += bytes.size();
}

void SplicedOutput::WriteContiguous(Place place, std::span<const std::byte> bytes,
                                    std::uint32_t group_bytes) {
  PendingFile& file = *files_[place.file];
  if (group_bytes <= 1) return file.WriteAt(place.offset, bytes);
  std::array<std::byte, kBufferBytes> buffer;
  while (!bytes.empty()) {
    const auto part = std::span(buffer).first(std::min(bytes.size(), kBufferBytes));
    std::ranges::copy(bytes.first(part.size()), part.begin());
    SwapBytes(part, group_bytes);
    file.WriteAt(place.offset, part);
    place.offset += part.size();
    bytes = bytes.subspan(part.size());
  }
}

std::uint64_t SplicedOutput::LeadOf(std::uint32_t source, std::uint64_t slot_offset) const {
  const auto lead = std::ranges::lower_bound(
      leads_, std::pair(source, slot_offset), {},
      [](const Lead& each) { return std::pair(each.source, each.slot_offset); });
  const bool is_there =
      lead != leads_.end() && lead->source == source && lead->slot_offset == slot_offset;
  return is_there ? lead->bytes : 0;
}

void SplicedOutput::WriteLead(std::uint32_t source, std::uint64_t slot_offset) {
  const std::uint64_t bytes = LeadOf(source, slot_offset);
  if (bytes == 0) return;
  const std::uint64_t offset = slot_offset - bytes;
  const Place place = PlaceOf(source, offset);
  files_[place.file]->CopyFrom(*sources_[source], offset, place.offset, bytes);
  written_bytes_ += bytes;
}

void SplicedOutput::ReadSource(std::uint32_t source, const Extent& extent,
                               std::span<std::byte> bytes) const {
  try {
    sources_[source]->ReadAt(extent.offset, bytes);
  } catch (Error& error) {
    error.AddContext(sources_[source]->path().string());
    throw;
  }
}

// Slots that lie next to one another, or with a lead between them, in the template and in the
// output alike.
Extent SplicedOutput::JoinedSpan(std::span<const TensorToWrite> parts, std::size_t& joined) const {
  const std::uint32_t source = payloads_[parts[0].tensor].runs.begin()->file;
  Extent span;
  Place place{};
  for (const TensorToWrite& part : parts) {
    const Payload& payload = payloads_[part.tensor];
    if (!payload.is_one_piece() || payload.runs[0].file != source) break;
    const Extent extent = payload.runs[0].span();
    const std::uint64_t begin = extent.offset - LeadOf(source, extent.offset);
    const Place here = PlaceOf(source, begin);
    if (joined == 0) {
      span.offset = begin;
      place = here;
    }
    const bool goes_on =
        begin == span.end() && here.file == place.file && here.offset - place.offset == span.length;
    if (!goes_on || extent.end() - span.offset > kJoinedBytes) break;
    span.length = extent.end() - span.offset;
    ++joined;
  }
  return span;
}

std::size_t SplicedOutput::DoWriteJoined(std::span<const TensorToWrite> parts) {
  std::size_t joined = 0;
  const Extent span = JoinedSpan(parts, joined);
  if (joined < 2) return 0;
  const std::uint32_t source = payloads_[parts[0].tensor].runs[0].file;
  std::array<std::byte, kJoinedBytes> buffer;
  const auto bytes = std::span(buffer).first(span.length);
  std::uint64_t slot_bytes = 0;
  for (const TensorToWrite& part : parts.first(joined)) slot_bytes += part.elements.size();
  if (slot_bytes < span.length) ReadSource(source, span, bytes);  // for the leads
  for (const TensorToWrite& part : parts.first(joined)) {
    const Payload& payload = payloads_[part.tensor];
    const auto slot = bytes.subspan(payload.runs[0].offset - span.offset, part.elements.size());
    std::ranges::copy(part.elements, slot.begin());
    SwapBytes(slot, payload.swapped_bytes);
  }
  const Place place = PlaceOf(source, span.offset);
  files_[place.file]->WriteAt(place.offset, bytes);
  written_bytes_ += span.length;
  return joined;
}

// What lies between the pieces is the template's.
void SplicedOutput::WriteScattered(const RunPart& part, std::span<const std::byte> bytes) {
  std::array<std::byte, kBufferBytes> buffer;
  const std::uint64_t piece_bytes = part.run.piece_bytes;
  const std::uint64_t most_bytes = kBufferBytes / (piece_bytes + part.run.gap_bytes) * piece_bytes;
  for (std::uint64_t done = 0; done < part.bytes; done += most_bytes) {
    const RunPart taken{part.run, part.begin + done, std::min(part.bytes - done, most_bytes)};
    const Extent span = SpanOf(taken);
    const auto span_bytes = std::span(buffer).first(span.length);
    ReadSource(part.run.file, span, span_bytes);
    ScatterPart(taken, bytes.subspan(done, taken.bytes), span_bytes);
    const Place place = PlaceOf(part.run.file, span.offset);
    files_[place.file]->WriteAt(place.offset, span_bytes);
  }
}

std::uint64_t SplicedOutput::DoWriteKept(std::size_t part) {
  const auto& [source, extent, place] = kept_[part];
  files_[place.file]->CopyFrom(*sources_[source], extent.offset, place.offset, extent.length);
  written_bytes_ += extent.length;
  return extent.length;
}

Durability SplicedOutput::DoCommit(std::string_view provenance) {
  if (written_bytes_ != expected_bytes_) {
    throw Error(ErrorKind::kSystem, "the output is incomplete (found " +
                                        std::to_string(written_bytes_) + " bytes, expected " +
                                        std::to_string(expected_bytes_) + ")");
  }
  if (record_offset_) {
    files_.back()->WriteAt(*record_offset_, std::as_bytes(std::span(provenance)));
  }
  if (finish_) finish_(files_, provenance);
  for (const auto& file : files_) file->Sync();
  if (stop_ != nullptr && stop_->load()) throw Error(ErrorKind::kCancelled, "stopped");
  return PutAllInPlace();
}

// Data before the file that names it, also on the disk. What is in place already is taken back
// where one can't be.
Durability SplicedOutput::PutAllInPlace() {
  bool is_confirmed = true;
  try {
    for (const auto& file : files_) {
      if (file == files_.back()) is_confirmed = SyncDataFolders();
      file->PutInPlace();
    }
  } catch (...) {
    for (const auto& file : files_) file->TakeBack();
    throw;
  }
  folders_.Keep();
  is_confirmed = files_.back()->SyncFolder() == Durability::kConfirmed && is_confirmed;
  return is_confirmed ? Durability::kConfirmed : Durability::kUnknown;
}

bool SplicedOutput::SyncDataFolders() const noexcept {
  bool is_confirmed = folders_.Sync();
  const std::filesystem::path* last = nullptr;  // files of one folder mostly follow one another
  for (std::size_t i = 0; i + 1 < files_.size(); ++i) {
    const std::filesystem::path& folder = files_[i]->folder();
    if (last != nullptr && *last == folder) continue;
    is_confirmed = files_[i]->SyncFolder() == Durability::kConfirmed && is_confirmed;
    last = &folder;
  }
  return is_confirmed;
}

}  // namespace polyak
