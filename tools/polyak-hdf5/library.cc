#include "library.h"

#include <fmt/format.h>

#include <cctype>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace polyak::hdf5 {
namespace {

struct Innermost {
  std::string text;
  bool is_memory = false;
};

// Called for each entry of the error stack, the innermost function's first. Those around it may say
// that they couldn't allocate something whatever it was that failed.
herr_t TakeEntry(unsigned depth, const H5E_error2_t* entry, void* data) noexcept {
  auto& innermost = *static_cast<Innermost*>(data);
  if (depth != 0) return 0;
  try {
    if (entry->desc != nullptr) innermost.text = entry->desc;
    innermost.is_memory = entry->min_num == H5E_NOSPACE || entry->min_num == H5E_CANTALLOC;
    return 0;
  } catch (...) {  // out of memory; no exception may pass through the C library
    innermost.is_memory = true;
    return 0;
  }
}

// The library says "truncated file: eof = 96, sblock->base_addr = 0, stored_eof = 2048".
std::string InPlainWords(const std::string& text) {
  std::uint64_t found = 0;
  std::uint64_t base = 0;
  std::uint64_t expected = 0;
  if (std::sscanf(text.c_str(),
                  "truncated file: eof = %" SCNu64 ", sblock->base_addr = %" SCNu64
                  ", stored_eof = %" SCNu64,
                  &found, &base, &expected) == 3) {
    return fmt::format("the file is truncated (found {} bytes, expected {})", found, expected);
  }
  return "the HDF5 library says: " + text;
}

std::string OneLine(std::string text) {
  constexpr std::size_t kLongest = 300;
  if (text.size() > kLongest) text.resize(kLongest);
  for (char& c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = ' ';
  }
  return text;
}

}  // namespace

Failure LibraryFailure() {
  Innermost innermost;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, TakeEntry, &innermost);
  if (innermost.is_memory) return {wire::Failure::MEMORY, "out of memory"};
  if (innermost.text.empty()) innermost.text = "it failed";
  return {wire::Failure::DAMAGED, OneLine(InPlainWords(innermost.text))};
}

void PrepareLibrary() {
  Checked(H5open());
  Checked(H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr));
  // Or a file could name a filter and have the library load code from a folder for it.
  Checked(H5PLset_loading_state(0));
  // It keeps what it has freed for itself, up to 20 MiB. Less is as good; with nothing, an index
  // takes an eighth longer (measured).
  constexpr int kAllBytes = 1 << 20;
  constexpr int kListBytes = 64 << 10;
  Checked(
      H5set_free_list_limits(kAllBytes, kListBytes, kAllBytes, kListBytes, kAllBytes, kListBytes));
}

}  // namespace polyak::hdf5
