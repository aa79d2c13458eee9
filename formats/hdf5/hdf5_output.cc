#include "formats/hdf5/hdf5_output.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/chunk_reader.h"
#include "formats/hdf5/output_check.h"
#include "formats/hdf5/run_helper.h"

namespace polyak::hdf5 {
namespace {

std::vector<std::size_t> SpecialsOf(const OutputTemplate& source,
                                    std::span<const std::size_t> replaced) {
  std::vector<std::size_t> specials;
  for (const std::size_t tensor : replaced) {
    if (source.storage[tensor].special != nullptr) specials.push_back(tensor);
  }
  std::ranges::sort(specials);
  return specials;
}

// The chunks that are written over in place.
PayloadRuns ChunkRuns(const TensorStorage& storage, std::uint32_t file) {
  std::vector<PayloadRun> runs;
  if (!storage.special->chunked.filters.empty()) return runs;
  for (const ChunkPlace& chunk : storage.special->chunked.chunks) {
    if (chunk.bytes > 0) runs.emplace_back(chunk.offset, chunk.bytes, file);
  }
  return runs;
}

std::vector<Payload> SlotsOf(const OutputTemplate& source, std::span<const std::size_t> replaced) {
  std::vector<Payload> slots(source.tensors.size());
  for (const std::size_t tensor : replaced) {
    const TensorStorage& storage = source.storage[tensor];
    slots[tensor] = storage.payload;
    if (storage.special == nullptr) continue;
    slots[tensor].runs = ChunkRuns(storage, source.images[storage.image].file);
  }
  return slots;
}

void CheckUnchanged(const InputFiles& files) {
  for (const auto& file : files) {
    try {
      file->CheckUnchanged();
    } catch (Error& error) {
      error.AddContext(file->path().string());
      throw;
    }
  }
}

std::uint64_t ChunksOf(std::span<const TensorStorage> storage,
                       std::span<const std::size_t> replaced) {
  std::uint64_t chunks = 0;
  for (const std::size_t tensor : replaced) {
    if (storage[tensor].special == nullptr) continue;
    chunks += storage[tensor].special->chunked.chunks.size();
  }
  return chunks;
}

}  // namespace

Hdf5Output::Hdf5Output(const OutputTemplate& source, const OutputRequest& request)
    : source_(source),
      stop_(request.stop),
      wants_record_(!request.provenance.empty()),
      slots_(SlotsOf(source, request.replaced)),
      places_(source.images.size()),
      special_(source, SpecialsOf(source, request.replaced), request.path) {
  OutputLayout layout = source_.container.LayOut(source_.files, source_.images, request, places_);
  rest_ = std::make_unique<SplicedOutput>(
      request, std::move(layout), slots_, source_.tensors,
      [this](PendingFiles files, std::string_view record) { Finish(files, record); });
  size_ = rest_->size_bytes();
}

// Slots, and what is kept between them; of each chunk where it waits.
std::uint64_t Hdf5Output::MemoryBytes(std::span<const TensorStorage> storage,
                                      std::span<const std::size_t> replaced) {
  constexpr std::uint64_t kTensorBytes = 160;
  constexpr std::uint64_t kChunkBytes = 96;
  return storage.size() * sizeof(Payload) + replaced.size() * kTensorBytes +
         ChunksOf(storage, replaced) * kChunkBytes;
}

// The changes, the places, and the index of what came out.
std::uint64_t Hdf5Output::CommitMemoryBytes(std::span<const TensorInfo> tensors,
                                            std::span<const TensorStorage> storage,
                                            std::span<const std::size_t> replaced) {
  constexpr std::uint64_t kChunkBytes = 256;
  std::uint64_t bytes = ChunksOf(storage, replaced) * kChunkBytes;
  for (const TensorInfo& tensor : tensors) bytes += tensor.index_bytes();
  return bytes;
}

Tiles Hdf5Output::DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const {
  return special_.Has(tensor) ? special_.TilesOf(tensor, bytes_wanted)
                              : rest_->TilesOf(tensor, bytes_wanted);
}

void Hdf5Output::DoWrite(std::size_t tensor, const Box& box, std::span<const std::byte> elements) {
  if (!special_.Has(tensor)) return rest_->Write(tensor, box, elements);
  special_.Write(
      tensor, box, elements,
      [this](std::uint32_t file, std::uint64_t offset, std::span<const std::byte> bytes) {
        rest_->WriteSlot(file, offset, bytes);
      });
}

std::size_t Hdf5Output::DoWriteJoined(std::span<const TensorToWrite> parts) {
  const auto first_special = std::ranges::find_if(
      parts, [this](const TensorToWrite& part) { return special_.Has(part.tensor); });
  const auto others = parts.first(static_cast<std::size_t>(first_special - parts.begin()));
  return others.empty() ? 0 : rest_->WriteJoined(others);
}

Durability Hdf5Output::DoCommit(std::string_view provenance) {
  special_.CheckComplete();
  return rest_->Commit(provenance);
}

void Hdf5Output::Finish(PendingFiles files, std::string_view record) {
  if (!wants_record_) record = {};
  source_.reader.Rest();  // the helper for the chunks makes room for that for the structure
  OpenContext context;
  context.hdf5_helper = source_.helper.program;
  context.helper_memory_bytes = source_.helper.memory_bytes;
  context.stop = stop_;
  std::vector<std::uint64_t> sizes;
  for (std::uint32_t i = 0; i < source_.images.size(); ++i) {
    const bool has_record = source_.container.RecordImage() == i;
    sizes.push_back(FinishImage(i, *files[places_[i].file], has_record ? record : "", context));
  }
  source_.container.Finish(files, places_, sizes, record);
  CheckUnchanged(source_.files);  // they were read once more
  size_ = 0;
  for (const auto& file : files) size_ += file->AsInput()->size();
}

std::uint64_t Hdf5Output::FinishImage(std::uint32_t image, PendingFile& file,
                                      std::string_view record, OpenContext& context) {
  ImageWork work = special_.WorkFor(image);
  work.changes.record = record;
  ChangedImage changed{.chunks = {}, .allocated = {}, .bytes = source_.images[image].bytes};
  const bool has_changes = !work.changes.empty();
  if (has_changes) changed = Change(image, file, work.changes, context);
  for (std::size_t i = 0; i < work.chunks.size(); ++i) work.chunks[i].offset = changed.chunks[i];
  for (std::size_t i = 0; i < work.allocated.size(); ++i) {
    work.allocated[i].offset = changed.allocated[i];
  }
  const std::uint64_t begin = places_[image].offset;
  // Files of pages end with one, whatever was written last.
  if (file.AsInput()->size() < begin + changed.bytes) file.Resize(begin + changed.bytes);
  for (const auto* pieces : {&work.chunks, &work.allocated, &work.in_place}) {
    for (const ImagePiece& piece : *pieces) {
      file.CopyFrom(*piece.source, piece.source_offset, begin + piece.offset, piece.bytes);
    }
  }
  if (has_changes) {
    CheckOutputImage(source_, image, work.changes, changed, *file.AsInput(), begin, context);
  }
  return changed.bytes;
}

ChangedImage Hdf5Output::Change(std::uint32_t image, PendingFile& file, const ImageChanges& changes,
                                OpenContext& context) {
  const InputFile& source = *source_.files[source_.images[image].file];
  const std::uint64_t begin = places_[image].offset;
  const std::vector<Extent> untouchable = Untouchable(image, changes);
  try {
    HelperLease helper(context);
    ChangedImage changed =
        WorkOutChanges(*helper, {source.descriptor(), source_.images[image], untouchable}, changes,
                       stop_, [&](std::uint64_t offset, std::span<const std::byte> bytes) {
                         file.WriteAt(begin + offset, bytes);
                       });
    helper.Keep();
    return changed;
  } catch (Error& error) {
    error.AddContext(source.path().string());
    throw;
  }
}

// The payloads of all datasets but those whose chunks all get new places.
std::vector<Extent> Hdf5Output::Untouchable(std::uint32_t image,
                                            const ImageChanges& changes) const {
  std::unordered_set<std::uint64_t> done;
  for (const ChunkedChange& change : changes.chunked) {
    if (change.replaces_all) done.insert(change.object_address);
  }
  const std::uint64_t begin = source_.images[image].offset;
  std::vector<Extent> extents;
  for (const TensorStorage& storage : source_.storage) {
    if (storage.image != image || !done.insert(storage.object_address).second) continue;
    for (const PayloadRun& run : storage.payload.runs) {
      extents.push_back({run.offset - begin, run.bytes});
    }
    if (storage.special == nullptr) continue;
    for (const ChunkPlace& chunk : storage.special->chunked.chunks) {
      if (chunk.bytes > 0) extents.push_back({chunk.offset - begin, chunk.bytes});
    }
  }
  return extents;
}

}  // namespace polyak::hdf5
