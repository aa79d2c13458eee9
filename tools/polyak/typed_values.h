// What was typed for an option, as a value. All throw Error (kUsage) that names the option and
// quotes what was found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace polyak::command {

// The whole of `text` as a number, rounded once.
double NumberOf(std::string_view option, std::string_view text);

// Bytes: "300000000", or with a unit of powers of 1024: "512M", "512MiB", "512 MB", "2G".
std::uint64_t MemoryOf(const std::string& text);

// A number of threads.
std::size_t ThreadsOf(const std::string& text);

// A number of checkpoints, at least 1.
std::uint64_t CountOf(std::string_view option, const std::string& text);

}  // namespace polyak::command
