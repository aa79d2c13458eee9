#include "overlay.h"

#include <algorithm>
#include <string>

namespace polyak::hdf5 {

void Overlay::Cover(std::uint64_t address, std::span<char> bytes) const {
  const std::uint64_t end = address + bytes.size();
  for (auto page = pages_.lower_bound(address / kPageBytes);
       page != pages_.end() && page->first * kPageBytes < end; ++page) {
    const std::uint64_t page_begin = page->first * kPageBytes;
    const std::uint64_t begin = std::max(address, page_begin);
    const std::uint64_t stop = std::min(end, page_begin + kPageBytes);
    for (std::uint64_t at = begin; at < stop; ++at) {
      if (page->second->is_written[at - page_begin]) {
        bytes[at - address] = page->second->bytes[at - page_begin];
      }
    }
  }
}

void Overlay::Write(std::uint64_t address, std::span<const char> bytes) {
  while (!bytes.empty()) {
    std::unique_ptr<Page>& page = pages_[address / kPageBytes];
    if (page == nullptr) page = std::make_unique<Page>();
    const std::size_t at = address % kPageBytes;
    const std::size_t count = std::min(bytes.size(), kPageBytes - at);
    std::ranges::copy(bytes.first(count), page->bytes.begin() + static_cast<std::ptrdiff_t>(at));
    for (std::size_t i = at; i < at + count; ++i) page->is_written.set(i);
    bytes = bytes.subspan(count);
    address += count;
  }
}

void Overlay::Forget(std::uint64_t address, std::uint64_t length) {
  const std::uint64_t end = address + length;
  for (auto page = pages_.lower_bound(address / kPageBytes);
       page != pages_.end() && page->first * kPageBytes < end; ++page) {
    const std::uint64_t page_begin = page->first * kPageBytes;
    const std::uint64_t stop = std::min(end, page_begin + kPageBytes);
    for (std::uint64_t at = std::max(address, page_begin); at < stop; ++at) {
      page->second->is_written.reset(at - page_begin);
    }
  }
}

void Overlay::ForEachPiece(
    const std::function<void(std::uint64_t address, std::span<const char> bytes)>& visit) const {
  std::string piece;
  std::uint64_t piece_begin = 0;
  const auto flush = [&] {
    if (!piece.empty()) visit(piece_begin, piece);
    piece.clear();
  };
  for (const auto& [number, page] : pages_) {
    for (std::size_t i = 0; i < kPageBytes; ++i) {
      const std::uint64_t at = number * kPageBytes + i;
      if (!page->is_written[i] || at >= end_) continue;
      if (at != piece_begin + piece.size() || piece.size() == kMostBytesAtOnce) flush();
      if (piece.empty()) piece_begin = at;
      piece.push_back(page->bytes[i]);
    }
  }
  flush();
}

}  // namespace polyak::hdf5
