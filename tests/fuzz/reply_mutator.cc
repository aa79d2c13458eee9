#include "fuzz/reply_mutator.h"

#include <array>
#include <iterator>
#include <utility>

#include "fuzz/wire_mutator.h"

namespace polyak::test {
namespace {

using hdf5::wire::Attribute;
using hdf5::wire::Chunks;
using hdf5::wire::Dataset;
using hdf5::wire::ElementType;
using hdf5::wire::Reply;

constexpr std::uint64_t kAway = 60000;  // to what lies behind the image in an archive
constexpr std::size_t kEndless = 3000;  // packets: more than any index of a small file has

}  // namespace

ReplyMutator::ReplyMutator(std::uint64_t number)
    : random_(number),
      first_lie_(random_.Below(std::array<std::uint64_t, 3>{3, 20, 60}[number % 3])) {
  lies_on_ = random_.Below(2) == 0;
  lies_in_memory_ = random_.Below(4) == 0;
  ends_early_ = random_.Below(16) == 0;
}

void ReplyMutator::ChangeType(ElementType& type) {
  switch (random_.Below(6)) {
    case 0: type.set_class_(static_cast<ElementType::Class>(random_.Below(12))); break;
    case 1: type.set_bytes(Odd()); break;
    case 2: type.set_bytes(1 + random_.Below(16)); break;
    case 3:
      type.mutable_number()->set_order(static_cast<hdf5::wire::Number::Order>(random_.Below(3)));
      break;
    case 4: type.mutable_number()->set_exponent_bits(Odd()); break;
    default: type.mutable_number()->set_precision_bits(Odd()); break;
  }
}

void ReplyMutator::ChangeDataset(Dataset& dataset) {
  const auto dims = static_cast<std::uint64_t>(dataset.dims_size());
  const auto chunk_dims = static_cast<std::uint64_t>(dataset.chunk_dims_size());
  switch (random_.Below(20)) {
    case 0: dataset.set_offset(Odd()); break;
    case 17:
    case 18: dataset.set_offset(dataset.offset() + random_.Below(kAway)); break;
    case 1: dataset.set_offset(dataset.offset() + random_.Below(64) - 32); break;
    case 2: dataset.clear_offset(); break;
    case 3: dataset.set_storage_bytes(Odd()); break;
    case 4: dataset.add_dims(random_.Below(2) == 0 ? 1 : Odd()); break;
    case 5:
      if (dims > 0) dataset.set_dims(static_cast<int>(random_.Below(dims)), Odd());
      break;
    case 6: dataset.clear_dims(); break;
    case 7: dataset.set_layout(static_cast<Dataset::Layout>(random_.Below(8))); break;
    case 8:
      if (chunk_dims > 0)
        dataset.set_chunk_dims(static_cast<int>(random_.Below(chunk_dims)), Odd());
      break;
    case 9: dataset.set_object_address(Odd()); break;
    case 10: dataset.set_fill_value(std::string(random_.Below(12), 'f')); break;
    case 11: dataset.set_has_chunk_list(!dataset.has_chunk_list()); break;
    case 12: {
      auto& filter = *dataset.add_filters();
      filter.set_number(static_cast<std::uint32_t>(random_.Below(7)));
      for (std::uint64_t i = random_.Below(40); i > 0; --i) {
        filter.add_values(static_cast<std::uint32_t>(Odd()));
      }
      break;
    }
    case 13: dataset.clear_filters(); break;
    case 14:
      dataset.set_path(random_.Below(2) == 0 ? "w" : std::string(random_.Below(9000), 'n'));
      break;
    case 15: dataset.set_is_null(true); break;
    case 16: dataset.set_is_bfloat16(true); break;
    default: ChangeType(*dataset.mutable_type()); break;
  }
}

void ReplyMutator::ChangeChunks(Chunks& chunks) {
  const auto count = static_cast<std::uint64_t>(chunks.offsets_size());
  const int at = count == 0 ? 0 : static_cast<int>(random_.Below(count));
  switch (count == 0 ? 0 : random_.Below(8)) {
    case 0: chunks.add_offsets(Odd()); break;
    case 6:
    case 7: chunks.set_offsets(at, chunks.offsets(at) + random_.Below(kAway)); break;
    case 1: chunks.set_offsets(at, Odd()); break;
    case 2: chunks.set_offsets(at, chunks.offsets(at) + random_.Below(64) - 32); break;
    case 3: chunks.set_bytes(at, static_cast<std::uint32_t>(Odd())); break;
    case 4: chunks.set_masks(at, static_cast<std::uint32_t>(Odd())); break;
    default: chunks.set_offsets(at, chunks.offsets(0)); break;
  }
}

void ReplyMutator::ChangeAttribute(Attribute& attribute) {
  constexpr const char* kNames[] = {"layer_names", "weight_names", "keras_version",
                                    "polyak",      "model_config", "name"};
  switch (random_.Below(5)) {
    case 0: attribute.set_name(kNames[random_.Below(std::size(kNames))]); break;
    case 1: attribute.add_values(std::string(random_.Below(3000), '{')); break;
    case 2: attribute.set_continues(!attribute.continues()); break;
    case 3: attribute.clear_values(); break;
    default: attribute.set_object(std::string(random_.Below(100), 'o')); break;
  }
}

// Of Code.
void ReplyMutator::ChangeCoded(hdf5::wire::Coded& coded) {
  switch (random_.Below(4)) {
    case 0: coded.set_bytes(Odd()); break;
    case 1: coded.set_bytes(coded.bytes() + random_.Below(kAway)); break;
    case 2: coded.set_bytes(random_.Below(coded.bytes() + 1)); break;
    default: coded.set_mask(static_cast<std::uint32_t>(Odd())); break;
  }
}

// Of Rewrite.
void ReplyMutator::ChangeRewrite(Reply& reply) {
  const auto placed = static_cast<std::uint64_t>(reply.placed().offsets_size());
  const auto patches = static_cast<std::uint64_t>(reply.patches_size());
  switch (random_.Below(6)) {
    case 0:
      if (placed > 0) {
        reply.mutable_placed()->set_offsets(static_cast<int>(random_.Below(placed)), Odd());
      }
      break;
    case 1: reply.mutable_placed()->add_offsets(Odd()); break;
    case 2:
      if (patches > 0) {
        reply.mutable_patches(static_cast<int>(random_.Below(patches)))->set_offset(Odd());
      }
      break;
    case 3: {
      auto& patch = *reply.add_patches();
      patch.set_offset(Odd());
      patch.set_bytes(std::string(random_.Below(5000), 'p'));
      break;
    }
    case 4: reply.set_image_bytes(Odd()); break;
    default: reply.clear_patches(); break;
  }
}

void ReplyMutator::ChangeReply(Reply& reply) {
  const auto datasets = static_cast<std::uint64_t>(reply.datasets_size());
  const auto attributes = static_cast<std::uint64_t>(reply.attributes_size());
  if (reply.has_coded() && random_.Below(4) != 0) return ChangeCoded(*reply.mutable_coded());
  switch (random_.Below(12)) {
    case 0: reply.set_done(!reply.done()); break;
    case 1: *reply.mutable_values() += std::string(1 + random_.Below(300), 'v'); break;
    case 2: reply.mutable_failure()->set_text(std::string(random_.Below(100), '\x1b')); break;
    case 3:
      if (datasets > 0) {
        *reply.add_datasets() = reply.datasets(static_cast<int>(random_.Below(datasets)));
      }
      break;
    case 4: reply.set_protocol(static_cast<std::uint32_t>(Odd())); break;
    case 5: ChangeChunks(*reply.mutable_chunks()); break;
    case 6:
      if (attributes > 0) {
        ChangeAttribute(*reply.mutable_attributes(static_cast<int>(random_.Below(attributes))));
      }
      break;
    default:
      if (datasets > 0) {
        ChangeDataset(*reply.mutable_datasets(static_cast<int>(random_.Below(datasets))));
      } else if (reply.has_chunks()) {
        ChangeChunks(*reply.mutable_chunks());
      } else {
        ChangeRewrite(reply);
      }
  }
}

std::string ReplyMutator::Lie(const std::string& truth) {
  if (random_.Below(6) == 0) {
    std::string bytes = truth;
    random_.Change(bytes);
    return bytes;
  }
  if (random_.Below(6) == 0) return WireMutator({truth}, random_.Below(1U << 30)).Next();
  Reply reply;
  if (!reply.ParseFromString(truth)) return truth;
  for (std::uint64_t i = 1 + random_.Below(3); i > 0; --i) ChangeReply(reply);
  return reply.SerializeAsString().substr(0, 128 << 10);
}

std::vector<std::string> ReplyMutator::LiesFor(const std::string& truth) {
  const std::uint64_t packet = packets_++;
  if (!put_off_.empty()) return {truth, std::exchange(put_off_, "")};
  if (packet < first_lie_ || (packet > first_lie_ && !lies_on_)) return {truth};
  switch (random_.Below(24)) {
    case 0: return {};
    case 1: return {truth, truth};
    case 2: put_off_ = truth; return {};
    case 3: return std::vector<std::string>(kEndless, Lie(truth));
    case 4: return {std::string(random_.Below(130000), static_cast<char>(random_.Below(256)))};
    case 5: return {Lie(truth), Lie(truth)};
    default: return {Lie(truth)};
  }
}

}  // namespace polyak::test
