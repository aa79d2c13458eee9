#include "formats/hdf5/chunk_coding.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "core/error.h"
#include "formats/hdf5/byte_shuffle.h"
#include "formats/hdf5/filter_names.h"
#include "formats/hdf5/fletcher32.h"
#include "formats/hdf5/lzf.h"

namespace polyak::hdf5 {
namespace {

constexpr std::uint32_t kMostDeflateLevel = 9;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// A thread's own, made when it is first needed: they take up to a MiB and a while to make.
libdeflate_compressor& CompressorOf(std::uint32_t level) {
  thread_local std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor;
  thread_local std::uint32_t its_level = 0;
  if (compressor == nullptr || its_level != level) {
    compressor.reset(libdeflate_alloc_compressor(static_cast<int>(level)));
    if (compressor == nullptr) throw std::bad_alloc();
    its_level = level;
  }
  return *compressor;
}

libdeflate_decompressor& Decompressor() {
  thread_local std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor;
  if (decompressor == nullptr) decompressor.reset(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  return *decompressor;
}

// How large the output of a filter can be, whoever applied it: zlib adds less than a thousandth,
// lzf a 32nd.
std::uint64_t MostBytesBehind(const Filter& filter, std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kHeader = 64;
  switch (filter.number) {
    case kFletcher32: return bytes + kFletcher32Bytes;
    case kDeflate:
    case kLzf: return bytes + bytes / 16 + kHeader;
    case kShuffle: return bytes;
    default: return 2 * bytes + kHeader;
  }
}

std::size_t ShuffledBytes(const Filter& filter, ErrorKind kind) {
  if (filter.values.empty() || filter.values[0] == 0) {
    throw Error(kind, "its filter shuffle doesn't say how large an element is");
  }
  return filter.values[0];
}

[[noreturn]] void ThrowNotOurs(const Filter& filter) {
  throw Error(ErrorKind::kUnsupported,
              fmt::format("its filter {} is not supported", FilterText(filter)));
}

std::size_t Inflate(std::span<const std::byte> from, std::span<std::byte> to) {
  std::size_t bytes = 0;
  switch (libdeflate_zlib_decompress(&Decompressor(), from.data(), from.size(), to.data(),
                                     to.size(), &bytes)) {
    case LIBDEFLATE_SUCCESS: return bytes;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      throw Error(ErrorKind::kCorrupt,
                  fmt::format("a chunk inflates to more than its {} bytes", to.size()));
    default: throw Error(ErrorKind::kCorrupt, "a chunk's deflated bytes make no sense");
  }
}

std::size_t CheckFletcher32(std::span<const std::byte> from) {
  if (from.size() < kFletcher32Bytes) {
    throw Error(ErrorKind::kCorrupt, "a chunk is too short for its checksum");
  }
  const std::size_t bytes = from.size() - kFletcher32Bytes;
  std::uint32_t found = 0;
  for (std::size_t b = 0; b < kFletcher32Bytes; ++b) {
    found |= std::to_integer<std::uint32_t>(from[bytes + b]) << (8 * b);
  }
  const std::uint32_t expected = Fletcher32(from.first(bytes));
  if (found != expected && found != OldFletcher32(expected)) {
    throw Error(ErrorKind::kCorrupt,
                fmt::format("a chunk has the wrong checksum (found {:08x}, expected {:08x})", found,
                            expected));
  }
  return bytes;
}

// Undoes one filter; returns the bytes, which are in `to` or a part of `from`.
std::span<const std::byte> Undo(const Filter& filter, std::span<const std::byte> from,
                                std::span<std::byte> to) {
  switch (filter.number) {
    case kDeflate: return to.first(Inflate(from, to));
    case kFletcher32: return from.first(CheckFletcher32(from));
    case kShuffle: {
      if (from.size() > to.size()) {
        throw Error(ErrorKind::kCorrupt, fmt::format("a chunk has the wrong size (found {} bytes, "
                                                     "expected at most {})",
                                                     from.size(), to.size()));
      }
      Unshuffle(from, ShuffledBytes(filter, ErrorKind::kCorrupt), to.first(from.size()));
      return to.first(from.size());
    }
    case kLzf: {
      const auto bytes = DecompressLzf(from, to);
      if (!bytes) throw Error(ErrorKind::kCorrupt, "a chunk's lzf bytes make no sense");
      return to.first(*bytes);
    }
    default: ThrowNotOurs(filter);
  }
}

// Applies one filter; returns the bytes, which are in `to`, or nothing where it brought nothing.
std::optional<std::size_t> Apply(const Filter& filter, std::span<const std::byte> from,
                                 std::span<std::byte> to) {
  switch (filter.number) {
    case kDeflate: {
      const std::uint32_t level = filter.values.empty() ? 6 : filter.values[0];
      if (level > kMostDeflateLevel) {
        throw Error(ErrorKind::kUnsupported,
                    fmt::format("its filter deflate has no level {}", level));
      }
      const std::size_t bytes = libdeflate_zlib_compress(&CompressorOf(level), from.data(),
                                                         from.size(), to.data(), to.size());
      if (bytes == 0) return std::nullopt;
      return bytes;
    }
    case kFletcher32: {
      std::memcpy(to.data(), from.data(), from.size());
      const std::uint32_t checksum = Fletcher32(from);
      for (std::size_t b = 0; b < kFletcher32Bytes; ++b) {
        to[from.size() + b] = static_cast<std::byte>(checksum >> (8 * b));
      }
      return from.size() + kFletcher32Bytes;
    }
    case kShuffle:
      Shuffle(from, ShuffledBytes(filter, ErrorKind::kUnsupported), to.first(from.size()));
      return from.size();
    case kLzf:
      return CompressLzf(from,
                         filter.is_optional && !from.empty() ? to.first(from.size() - 1) : to);
    default: ThrowNotOurs(filter);
  }
}

bool IsLeftOut(std::uint32_t mask, std::size_t filter) noexcept {
  return filter < 32 && (mask >> filter & 1U) != 0;
}

}  // namespace

std::span<std::byte> GrowingBytes::Get(std::size_t bytes) {
  if (bytes > size_) {
    memory_.reset();
    memory_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    size_ = bytes;
  }
  return {memory_.get(), bytes};
}

std::uint64_t MostStoredBytes(std::span<const Filter> filters, std::uint64_t chunk_bytes) noexcept {
  std::uint64_t bytes = chunk_bytes;
  for (const Filter& filter : filters) bytes = MostBytesBehind(filter, bytes);
  return bytes;
}

void DecodeChunk(std::span<const Filter> filters, std::uint32_t mask,
                 std::span<const std::byte> stored, std::span<std::byte> elements,
                 CodingBuffers& buffers) {
  std::span<const std::byte> bytes = stored;
  GrowingBytes* next = &buffers.first;
  GrowingBytes* other = &buffers.second;
  for (std::size_t i = filters.size(); i-- > 0;) {
    if (IsLeftOut(mask, i)) continue;
    // A checksum is taken off where it lies; all else moves the bytes, at last to the elements.
    const bool is_last = i == 0;
    std::span<std::byte> to = elements;
    if (!is_last && filters[i].number != kFletcher32) {
      to = next->Get(MostStoredBytes(filters.first(i), elements.size()));
      std::swap(next, other);
    }
    bytes = Undo(filters[i], bytes, to);
  }
  if (bytes.size() != elements.size()) {
    throw Error(ErrorKind::kCorrupt,
                fmt::format("a chunk has the wrong size (found {} bytes, expected {})",
                            bytes.size(), elements.size()));
  }
  if (bytes.data() != elements.data()) {
    std::memcpy(elements.data(), bytes.data(), elements.size());
  }
}

EncodedChunk EncodeChunk(std::span<const Filter> filters, std::span<const std::byte> elements,
                         CodingBuffers& buffers) {
  EncodedChunk chunk{elements, 0};
  GrowingBytes* next = &buffers.first;
  GrowingBytes* other = &buffers.second;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const auto to = next->Get(MostBytesBehind(filters[i], chunk.bytes.size()));
    const std::optional<std::size_t> bytes = Apply(filters[i], chunk.bytes, to);
    if (!bytes) {
      if (!filters[i].is_optional || i >= 32) {
        throw Error(ErrorKind::kUnsupported, fmt::format("a chunk doesn't go through its filter {}",
                                                         FilterText(filters[i])));
      }
      chunk.mask |= 1U << i;
      continue;
    }
    chunk.bytes = to.first(*bytes);
    std::swap(next, other);
  }
  return chunk;
}

}  // namespace polyak::hdf5
