// What polyak and its helper polyak-hdf5 agree on beside index.proto. Constants only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace polyak::hdf5 {

// Changes with every change of index.proto: a helper of another version says so at once.
inline constexpr std::uint32_t kProtocol = 2;

// Where the helper finds its end of the socket pair. It has no other descriptor but 0 to 2, which
// are /dev/null.
inline constexpr int kSocketDescriptor = 3;

// How it ends where it cannot give up what it should.
inline constexpr int kExitUnconfined = 4;
// Or cannot limit what it takes, with or without confinement.
inline constexpr int kExitUnlimited = 5;

// The longest message, either way. Small, for a message of n bytes can take 100 n of memory once
// it is parsed; but the values of a compact dataset, under 64 KiB, are one message.
inline constexpr std::size_t kMaxPacketBytes = std::size_t{128} << 10;

// The attributes that say what a dataset is: of the root, of groups, of datasets (is_bfloat16).
// Those marked so also with a number behind, for texts that didn't fit one attribute.
struct AttributeName {
  std::string_view name;
  bool may_be_split;
};
inline constexpr AttributeName kAttributeNames[] = {
    {"layer_names", true},  {"weight_names", true}, {"keras_version", false}, {"backend", false},
    {"model_config", true}, {"name", false},        {"polyak", true},
};

// An attribute has less room than this in files of the old format.
inline constexpr std::size_t kMostBytesOfAttribute = 64000;
// A record goes on in the next attribute where one is full but for a UTF-8 character.
inline constexpr std::size_t kLeastBytesOfFullPart = kMostBytesOfAttribute - 3;

// A dataset's chunks are listed if there are no more places for them than this, or than
// kPlacesPerChunk times as many as there are chunks.
inline constexpr std::uint64_t kFreePlaces = std::uint64_t{1} << 16;
inline constexpr std::uint64_t kPlacesPerChunk = 16;

// The longest name of a dataset, with those of its groups.
inline constexpr std::size_t kMaxPathBytes = 4096;

// How deep groups may be nested.
inline constexpr std::size_t kMaxGroupDepth = 64;

}  // namespace polyak::hdf5
