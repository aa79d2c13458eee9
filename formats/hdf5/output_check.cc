#include "formats/hdf5/output_check.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace polyak::hdf5 {
namespace {

// Where the payloads of the changed datasets are now, by object address; offsets from the start of
// the image.
class NewPlaces {
 public:
  NewPlaces(const ImageChanges& changes, const ChangedImage& changed) {
    std::size_t next = 0;
    for (const ChunkedChange& change : changes.chunked) {
      auto& chunks = chunks_[change.object_address];
      for (const NewChunk& chunk : change.chunks) {
        chunks[chunk.number] = {changed.chunks[next++], chunk.bytes, chunk.mask};
      }
    }
    for (std::size_t i = 0; i < changes.allocated.size(); ++i) {
      allocated_[changes.allocated[i].object_address] = changed.allocated[i];
    }
    for (const CompactChange& change : changes.compact) {
      values_[change.object_address] = &change.values;
    }
  }

  // What the template's storage becomes in an image that begins at `begin`.
  TensorStorage After(const TensorStorage& before, std::uint64_t bytes,
                      std::uint64_t template_begin, std::uint64_t begin) const {
    TensorStorage after = before;
    std::vector<PayloadRun> runs(before.payload.runs.begin(), before.payload.runs.end());
    for (PayloadRun& run : runs) run.offset = run.offset - template_begin + begin;
    after.payload.runs = std::move(runs);
    if (before.special == nullptr) return after;
    if (const auto place = allocated_.find(before.object_address); place != allocated_.end()) {
      after.payload.runs = {PayloadRun(begin + place->second, bytes)};
      after.special = nullptr;
      return after;
    }
    auto special = std::make_shared<SpecialStorage>(*before.special);
    for (ChunkPlace& chunk : special->chunked.chunks) {
      if (chunk.bytes > 0) chunk.offset = chunk.offset - template_begin + begin;
    }
    PutChunks(before.object_address, begin, *special);
    if (const auto values = values_.find(before.object_address); values != values_.end()) {
      special->values = *values->second;
    }
    after.special = std::move(special);
    return after;
  }

 private:
  void PutChunks(std::uint64_t object_address, std::uint64_t begin, SpecialStorage& special) const {
    const auto chunks = chunks_.find(object_address);
    if (chunks == chunks_.end()) return;
    for (const auto& [number, place] : chunks->second) {
      special.chunked.chunks[number] = {begin + place.offset, place.bytes, place.mask};
    }
  }

  std::unordered_map<std::uint64_t, std::map<std::uint64_t, ChunkPlace>> chunks_;
  std::unordered_map<std::uint64_t, std::uint64_t> allocated_;
  std::unordered_map<std::uint64_t, const std::vector<std::byte>*> values_;
};

bool SameChunk(const ChunkPlace& a, const ChunkPlace& b) {
  if (a.bytes == 0 && b.bytes == 0) return true;
  return a.offset == b.offset && a.bytes == b.bytes && a.mask == b.mask;
}

// But for the numbers of files and images.
bool Same(const TensorStorage& a, const TensorStorage& b) {
  const auto same_run = [](const PayloadRun& x, const PayloadRun& y) {
    return x.offset == y.offset && x.bytes == y.bytes;
  };
  if (a.object_address != b.object_address) return false;
  if (!std::ranges::equal(a.payload.runs, b.payload.runs, same_run)) return false;
  if ((a.special == nullptr) != (b.special == nullptr)) return false;
  if (a.special == nullptr) return true;
  return a.special->kind == b.special->kind && a.special->values == b.special->values &&
         std::ranges::equal(a.special->chunked.chunks, b.special->chunked.chunks, SameChunk);
}

[[noreturn]] void ThrowOther(const std::string& what) {
  throw Error(ErrorKind::kCorrupt,
              "the HDF5 library wrote a file that it doesn't read as it should: " + what);
}

}  // namespace

void CheckOutputImage(const OutputTemplate& source, std::uint32_t image,
                      const ImageChanges& changes, const ChangedImage& changed,
                      const InputFile& file, std::uint64_t begin, OpenContext& context) {
  const ImageContents found =
      IndexImage(file, {.file = 0, .offset = begin, .bytes = changed.bytes}, context);
  const NewPlaces places(changes, changed);
  std::size_t next = 0;
  for (std::size_t t = 0; t < source.storage.size(); ++t) {
    if (source.storage[t].image != image) continue;
    const TensorInfo& expected = source.tensors[t];
    if (next == found.tensors.size()) ThrowOther(fmt::format("'{}' is missing", expected.name));
    const TensorInfo& tensor = found.tensors[next];
    const TensorStorage after =
        places.After(source.storage[t], expected.bytes(), source.images[image].offset, begin);
    if (tensor.shape != expected.shape || tensor.element_bytes != expected.element_bytes ||
        !Same(found.storage->tensors[next], after)) {
      ThrowOther(fmt::format("'{}' is another one", expected.name));
    }
    ++next;
  }
  if (next != found.tensors.size()) ThrowOther("there are more datasets");
}

}  // namespace polyak::hdf5
