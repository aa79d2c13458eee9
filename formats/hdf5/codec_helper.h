// Chunks whose filters only the HDF5 library has (szip, nbit, scaleoffset): its helper codes them,
// one at a time for all files of a run.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/format.h"
#include "core/mutex.h"
#include "formats/hdf5/hdf5_format.h"
#include "formats/hdf5/helper_process.h"
#include "formats/hdf5/helper_settings.h"
#include "formats/hdf5/run_helper.h"
#include "io/descriptor_cache.h"
#include "io/input_file.h"

namespace polyak::hdf5 {

// The helper is the one that indexed the files, where this object was told to keep it, or starts
// with the first chunk. Any thread, when no more files are opened. All functions throw
// what HelperProcess throws, what the helper answers for a failure, and Error (kCorrupt) where its
// answer makes no sense; the next chunk gets a new helper.
class CodecHelper {
 public:
  // The one that the context keeps.
  static std::shared_ptr<CodecHelper> Of(OpenContext& context);

  // *stop ends waiting; it may be null, and must outlive this object.
  CodecHelper(HelperSettings settings, const std::atomic<bool>* stop);

  // Keeps the helper that has indexed the files of the context, where it is the only one: its
  // memory is reserved already.
  void Keep(OpenContext& context);

  // Ends the helper, until the next chunk. When nothing is coded.
  void Stop();

  // What it takes.
  std::uint64_t memory_bytes() const noexcept { return HelperBytes(settings_.memory_bytes); }

  // The dataset with this object address in an image of a file.
  struct Dataset {
    const InputFile& file;
    Image image;
    std::uint64_t object_address = 0;
  };

  // `elements` has the size of the chunk's elements, which come in the file's byte order.
  void Decode(const Dataset& dataset, std::uint32_t mask, std::span<const std::byte> stored,
              std::span<std::byte> elements);

  struct Encoded {
    std::size_t bytes = 0;
    std::uint32_t mask = 0;
  };
  // Puts the chunk into `room`.
  Encoded Encode(const Dataset& dataset, std::span<const std::byte> elements,
                 std::span<std::byte> room);

 private:
  Encoded Code(const Dataset& dataset, bool encode, std::uint32_t mask,
               std::span<const std::byte> from, std::span<std::byte> to) POLYAK_REQUIRES(mutex_);
  wire::Coded Ask(const Dataset& dataset, const wire::Request& request) POLYAK_REQUIRES(mutex_);
  void Start() POLYAK_REQUIRES(mutex_);

  const HelperSettings settings_;
  const std::atomic<bool>* const stop_;
  Mutex mutex_;  // held while a chunk is coded: the helper does one thing at a time
  std::shared_ptr<HelperProcess> helper_ POLYAK_GUARDED_BY(mutex_);
  std::unique_ptr<Descriptor> memory_ POLYAK_GUARDED_BY(mutex_);  // that both sides see
};

}  // namespace polyak::hdf5
