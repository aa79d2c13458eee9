// Changes models in ways that their structure invites: whole fields are doubled, moved, spliced
// from other models, given other wire types, wrapped in groups, written with longer varints than
// need be, with the lengths around them put right; then bytes are hit at random. Deterministic.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace polyak::test {

class WireMutator {
 public:
  WireMutator(std::vector<std::string> seeds, std::uint64_t random_seed);

  std::string Next();

 private:
  // A field of a message, as a tree where its content reads as a message.
  struct Node {
    std::uint32_t number = 0;
    std::uint32_t type = 0;
    std::uint64_t varint = 0;
    std::string content;  // leaves: of fixed size or counted by a length
    std::vector<Node> children;
    int padding = 0;  // bytes by which tag, length and value are longer than need be
  };

  // False where the bytes don't read as fields.
  static bool ReadFields(std::string_view bytes, int depth, std::vector<Node>& fields);
  static std::string Written(const std::vector<Node>& fields);
  static std::string Written(const Node& field);

  // The list of fields at a random place in the tree.
  std::vector<Node>& RandomList(std::vector<Node>& fields);
  Node RandomFieldOf(const std::vector<Node>& model);
  void ChangeStructure(std::vector<Node>& model);
  void ChangeField(std::vector<Node>& fields, std::size_t at);
  void ChangeBytes(std::string& bytes);
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }

  std::vector<std::vector<Node>> seeds_;
  std::mt19937_64 random_;
};

}  // namespace polyak::test
