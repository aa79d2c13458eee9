// An output that is being made: a copy of a template in which the payloads of some tensors are
// replaced. It is invisible until Commit and gone without a trace if it is destroyed before.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/box.h"
#include "core/tiles.h"

namespace polyak {

// How an output is begun.
struct OutputRequest {
  std::filesystem::path path;
  bool replace_existing = false;
  // A template of several files becomes two, in any folder: the one that names its tensors, and
  // one of their data.
  bool single_data = false;
  // The tensors whose payloads will be written, as indices into the template's tensors().
  std::span<const std::size_t> replaced;
  // The provenance record as JSON; empty: none is written and an older one stays. Commit may
  // bring another text of the same length.
  std::string provenance;
  // Set from anywhere, a signal handler too: Commit then makes nothing visible any more. May be
  // null; must outlive the output.
  const std::atomic<bool>* stop = nullptr;
};

// Tensors up to this size are read, combined and written with their neighbours. Five files of 449
// tensors of 9 KiB take 0.90 of the time that they take with 4 KiB, fifty of 8 MiB 0.89 (medians).
inline constexpr std::uint64_t kSmallTensorBytes = 32768;

// All elements of a replaced tensor, row-major, native byte order.
struct TensorToWrite {
  std::size_t tensor = 0;
  std::uint64_t count = 0;  // of its elements
  std::span<const std::byte> elements;
};

// Whether the system confirmed that an output is on the disk.
enum class Durability : std::uint8_t { kConfirmed, kUnknown };

// Write, WriteJoined and WriteKept may be called from any thread, in any order, on disjoint parts;
// the other functions from one thread, with nothing else under way. All throw Error (kSystem where
// the system refuses).
class Output {
 public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  virtual ~Output() = default;

  // The tiles in which a replaced tensor wants to be written, of about `bytes_wanted` bytes, at
  // least one element each. Storage that can't be written in parts of that size gives larger ones.
  Tiles TilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const {
    return DoTilesOf(tensor, bytes_wanted);
  }

  // Elements of a replaced tensor: row-major in the box, native byte order.
  void Write(std::size_t tensor, const Box& box, std::span<const std::byte> elements) {
    DoWrite(tensor, box, elements);
  }

  // Writes the first of these tensors, and as many of those after it as one write takes along;
  // returns how many, at least 1. There is at least one.
  std::size_t WriteJoined(std::span<const TensorToWrite> tensors) {
    const std::size_t joined = DoWriteJoined(tensors);
    if (joined > 0) return joined;
    Write(tensors[0].tensor, RangeBox(0, tensors[0].count), tensors[0].elements);
    return 1;
  }

  // Replaced tensors that must be written before anything else is: how much room they take decides
  // where all the rest lies. When they are written, LayOut is called, once; if there are none,
  // everything is laid out from the start. The tiles of the other tensors, and all functions below,
  // are for after that.
  std::span<const std::size_t> written_first() const { return DoWrittenFirst(); }
  void LayOut() { DoLayOut(); }

  // What is copied from the template, in parts: each of [0, kept_parts()) must be written once.
  std::size_t kept_parts() const { return DoKeptParts(); }
  std::uint64_t kept_bytes() const { return DoKeptBytes(); }
  // Returns the number of bytes copied.
  std::uint64_t WriteKept(std::size_t part) { return DoWriteKept(part); }

  // Of all its files together.
  std::uint64_t size_bytes() const { return DoSizeBytes(); }

  // Makes the output visible and durable: all of it or nothing. `provenance` has the length of
  // the one in the request. Throws Error also while an element of a replaced tensor or a kept
  // part is missing, by their number, and kCancelled where the request's `stop` is set before the
  // output is visible: as soon as the system has synced what it had begun to. After kUnknown the
  // output is in place, but may not survive a power cut.
  Durability Commit(std::string_view provenance) { return DoCommit(provenance); }

 private:
  virtual std::span<const std::size_t> DoWrittenFirst() const { return {}; }
  virtual void DoLayOut() {}
  virtual Tiles DoTilesOf(std::size_t tensor, std::uint64_t bytes_wanted) const = 0;
  virtual void DoWrite(std::size_t tensor, const Box& box, std::span<const std::byte> elements) = 0;
  // 0: the first one is not written together with others.
  virtual std::size_t DoWriteJoined(std::span<const TensorToWrite> /*tensors*/) { return 0; }
  virtual std::size_t DoKeptParts() const = 0;
  virtual std::uint64_t DoKeptBytes() const = 0;
  virtual std::uint64_t DoWriteKept(std::size_t part) = 0;
  virtual std::uint64_t DoSizeBytes() const = 0;
  virtual Durability DoCommit(std::string_view provenance) = 0;
};

}  // namespace polyak
