// Talks to the real helper, as polyak does, but believes everything.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/hdf5/index.pb.h"

namespace polyak::hdf5 {

struct IndexedChunk {
  std::uint64_t offset;
  std::uint32_t bytes;
  std::uint32_t mask;
  friend auto operator<=>(const IndexedChunk&, const IndexedChunk&) = default;
};

struct IndexedDataset {
  wire::Dataset described;
  std::vector<IndexedChunk> chunks;
  std::string values;
};

struct IndexAnswer {
  std::map<std::string, IndexedDataset> datasets;  // by path
  // By path, a colon and the name; the pieces put together.
  std::map<std::string, std::vector<std::string>> attributes;
  std::optional<wire::Failure> failure;
};

struct RewriteAnswer {
  std::vector<std::uint64_t> places;
  std::vector<std::pair<std::uint64_t, std::string>> patches;
  std::uint64_t image_bytes = 0;
  std::optional<wire::Failure> failure;
};

struct CodeAnswer {
  std::string bytes;
  std::uint32_t mask = 0;
  std::optional<wire::Failure> failure;
};

// Throws std::runtime_error where the helper dies. One that has answered with a failure is dead.
class HelperClient {
 public:
  HelperClient();
  HelperClient(const HelperClient&) = delete;
  HelperClient& operator=(const HelperClient&) = delete;
  ~HelperClient();

  IndexAnswer Index(const std::filesystem::path& path);
  IndexAnswer Index(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t bytes);
  // One packet for each part.
  RewriteAnswer Rewrite(const std::filesystem::path& path, const std::vector<wire::Rewrite>& parts);
  CodeAnswer Code(const std::filesystem::path& path, wire::Code code, std::string_view bytes);

 private:
  void Send(const wire::Request& request, const std::vector<int>& descriptors) const;
  wire::Reply Receive() const;

  int socket_;
  pid_t process_;
};

}  // namespace polyak::hdf5
