#include "fuzz/wire_mutator.h"

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace polyak::test {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kBytes = 2;
constexpr std::uint32_t kGroup = 3;
constexpr std::uint32_t kGroupEnd = 4;
constexpr std::uint32_t kFixed32 = 5;

std::string Varint(std::uint64_t value, int padding) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  bytes += static_cast<char>(value);
  for (; padding > 0 && bytes.size() < 10; --padding) {
    bytes.back() = static_cast<char>(bytes.back() | '\x80');
    bytes += '\0';
  }
  return bytes;
}

bool TakeVarint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (int i = 0; i < 10 && !bytes.empty(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

}  // namespace

WireMutator::WireMutator(std::vector<std::string> seeds, std::uint64_t random_seed)
    : random_(random_seed) {
  for (const std::string& seed : seeds) {
    if (!ReadFields(seed, 0, seeds_.emplace_back()) || Written(seeds_.back()) != seed) {
      throw std::invalid_argument("a seed that is no protobuf message");
    }
  }
}

bool WireMutator::ReadFields(std::string_view bytes, int depth, std::vector<Node>& fields) {
  constexpr int kMostDepth = 40;
  while (!bytes.empty()) {
    std::uint64_t tag = 0;
    if (!TakeVarint(bytes, tag) || tag >> 3 == 0 || tag > 0xffff) return false;
    Node node;
    node.number = static_cast<std::uint32_t>(tag >> 3);
    node.type = static_cast<std::uint32_t>(tag & 7);
    std::uint64_t length = node.type == kFixed64 ? 8 : node.type == kFixed32 ? 4 : 0;
    if (node.type == kVarint) {
      if (!TakeVarint(bytes, node.varint)) return false;
    } else if (node.type == kBytes) {
      if (!TakeVarint(bytes, length)) return false;
    } else if (length == 0) {
      return false;
    }
    if (length > bytes.size()) return false;
    node.content = bytes.substr(0, length);
    bytes.remove_prefix(length);
    // What only happens to read as fields may have longer varints than need be: it is a leaf.
    if (node.type == kBytes && depth < kMostDepth &&
        (!ReadFields(node.content, depth + 1, node.children) ||
         Written(node.children) != node.content)) {
      node.children.clear();
    }
    fields.push_back(std::move(node));
  }
  return true;
}

std::string WireMutator::Written(const std::vector<Node>& fields) {
  std::string bytes;
  for (const Node& field : fields) bytes += Written(field);
  return bytes;
}

std::string WireMutator::Written(const Node& field) {
  const std::string tag = Varint(field.number << 3 | field.type, field.padding);
  if (field.type == kVarint) return tag + Varint(field.varint, field.padding);
  const std::string content = field.children.empty() ? field.content : Written(field.children);
  if (field.type == kGroup) {
    return tag + content + Varint(field.number << 3 | kGroupEnd, field.padding);
  }
  if (field.type != kBytes) return tag + content;
  return tag + Varint(content.size(), field.padding) + content;
}

std::vector<WireMutator::Node>& WireMutator::RandomList(std::vector<Node>& fields) {
  std::vector<Node>* list = &fields;
  while (Below(8) != 0) {
    std::vector<Node*> inner;
    for (Node& field : *list) {
      if (!field.children.empty()) inner.push_back(&field);
    }
    if (inner.empty()) break;
    list = &inner[Below(inner.size())]->children;
  }
  return *list;
}

WireMutator::Node WireMutator::RandomFieldOf(const std::vector<Node>& model) {
  std::vector<Node> copy = model;
  const std::vector<Node>& list = RandomList(copy);
  return list.empty() ? Node{} : list[Below(list.size())];
}

void WireMutator::ChangeStructure(std::vector<Node>& model) {
  std::vector<Node>& fields = RandomList(model);
  if (fields.empty()) return;
  const std::size_t at = Below(fields.size());
  const auto place = fields.begin() + static_cast<std::ptrdiff_t>(Below(fields.size() + 1));
  switch (Below(6)) {
    case 0: {
      Node twin = fields[at];
      fields.insert(place, std::move(twin));
      break;
    }
    case 1: fields.insert(place, RandomFieldOf(seeds_[Below(seeds_.size())])); break;
    case 2: fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(at)); break;
    case 3: std::swap(fields[at], fields[Below(fields.size())]); break;
    default: ChangeField(fields, at); break;
  }
  // Field 0 isn't one; it comes from a model without fields.
  std::erase_if(fields, [](const Node& field) { return field.number == 0; });
}

void WireMutator::ChangeField(std::vector<Node>& fields, std::size_t at) {
  Node& field = fields[at];
  switch (Below(7)) {
    case 0: field.padding = 1 + static_cast<int>(Below(4)); break;
    case 1: field.number = 1 + static_cast<std::uint32_t>(Below(30)); break;
    case 2: field.varint = random_() >> Below(64); break;
    case 3:  // of another wire type, everything in it thrown away
      field.type = static_cast<std::uint32_t>(std::array{kVarint, kFixed64, kFixed32}[Below(3)]);
      field.children.clear();
      field.content.assign(field.type == kFixed64 ? 8 : 4, 'x');
      break;
    case 4:  // a group around it: skipped as a whole
      field = {.number = 1 + static_cast<std::uint32_t>(Below(3000)),
               .type = kGroup,
               .varint = 0,
               .content = "",
               .children = {field},
               .padding = 0};
      break;
    case 5:  // the field itself as a group: a known field of another wire type
      if (field.type == kBytes && !field.children.empty()) field.type = kGroup;
      break;
    default:  // packed and unpacked: one value, or the value as a run of one
      if (field.type == kVarint) {
        field.content = Varint(field.varint, 0);
        field.type = kBytes;
      } else if (field.type == kFixed32 || field.type == kFixed64) {
        field.type = kBytes;
      } else if (field.content.size() == 4) {
        field.type = kFixed32;
      }
      field.children.clear();
      break;
  }
}

void WireMutator::ChangeBytes(std::string& bytes) {
  if (bytes.empty()) return;
  const std::size_t at = Below(bytes.size());
  switch (Below(5)) {
    case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8))); break;
    case 1: bytes[at] = static_cast<char>(random_()); break;
    case 2: bytes.resize(at); break;
    case 3: bytes.insert(at, 1, static_cast<char>(random_())); break;
    default: bytes.erase(at, 1 + Below(4)); break;
  }
}

std::string WireMutator::Next() {
  std::vector<Node> model = seeds_[Below(seeds_.size())];
  const std::uint64_t structural = Below(4);
  for (std::uint64_t i = 0; i < structural; ++i) ChangeStructure(model);
  std::string bytes = Written(model);
  // Most mutants of bytes alone are refused by both; those of structure alone rarely.
  const std::uint64_t hits = structural == 0 ? 1 + Below(3) : Below(3) / 2;
  for (std::uint64_t i = 0; i < hits; ++i) ChangeBytes(bytes);
  return bytes;
}

}  // namespace polyak::test
