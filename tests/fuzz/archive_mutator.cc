#include "fuzz/archive_mutator.h"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "formats/keras/little_endian.h"
#include "formats/keras/zip_fields.h"
#include "support/zip_builder.h"

namespace polyak::test {
namespace {

using keras::NumberAt;
using keras::PutNumber;
namespace local = keras::local;
namespace central = keras::central;
namespace end = keras::end;

struct Field {
  std::size_t offset;
  std::size_t bytes;
};

constexpr std::array kLocalFields = {Field{local::kFlags, 2},     Field{local::kMethod, 2},
                                     Field{local::kCrc, 4},       Field{local::kStoredBytes, 4},
                                     Field{local::kBytes, 4},     Field{local::kNameBytes, 2},
                                     Field{local::kExtraBytes, 2}};
constexpr std::array kCentralFields = {
    Field{central::kFlags, 2},      Field{central::kMethod, 2},
    Field{central::kCrc, 4},        Field{central::kStoredBytes, 4},
    Field{central::kBytes, 4},      Field{central::kNameBytes, 2},
    Field{central::kExtraBytes, 2}, Field{central::kCommentBytes, 2},
    Field{central::kDisk, 2},       Field{central::kOffset, 4}};
constexpr std::array kEndFields = {Field{end::kDisk, 2},           Field{end::kDirectoryDisk, 2},
                                   Field{end::kMembersHere, 2},    Field{end::kMembers, 2},
                                   Field{end::kDirectoryBytes, 4}, Field{end::kDirectory, 4},
                                   Field{end::kCommentBytes, 2}};

template <class Fields>
void ChangeOne(std::string& archive, std::size_t record, const Fields& fields,
               ByteMutator& mutator) {
  const Field& field = fields[mutator.Below(fields.size())];
  std::uint64_t number = mutator.OddNumber(archive.size());
  if (mutator.Below(3) == 0) number = NumberAt(archive, record + field.offset, field.bytes) + 1;
  PutNumber(number, field.bytes, record + field.offset, archive);
}

}  // namespace

ArchiveMutator::ArchiveMutator(std::string archive)
    : archive_(std::move(archive)), checksums_(archive_) {
  for (std::size_t at = archive_.find(central::kSignature); at != archive_.npos;
       at = archive_.find(central::kSignature, at + 1)) {
    const std::size_t header = NumberAt(archive_, at + central::kOffset, 4);
    const std::size_t content = header + local::kHeadBytes +
                                NumberAt(archive_, header + local::kNameBytes, 2) +
                                NumberAt(archive_, header + local::kExtraBytes, 2);
    members_.push_back({header, content, NumberAt(archive_, at + central::kStoredBytes, 4), at});
  }
  if (members_.empty()) throw std::runtime_error("a seed that is no zip archive");
}

void ArchiveMutator::ChangeRecord(std::string& archive, ByteMutator& mutator) const {
  const Member& member = members_[mutator.Below(members_.size())];
  switch (mutator.Below(4)) {
    case 0: ChangeOne(archive, member.header, kLocalFields, mutator); break;
    case 1: ChangeOne(archive, member.entry, kCentralFields, mutator); break;
    case 2: ChangeOne(archive, archive.rfind(end::kSignature), kEndFields, mutator); break;
    default: {  // both, alike
      std::string other = archive;
      ChangeOne(other, member.entry, kCentralFields, mutator);
      for (std::size_t i = 0; i < local::kNameBytes - local::kFlags; ++i) {
        other[member.header + local::kFlags + i] = other[member.entry + central::kFlags + i];
      }
      archive = std::move(other);
    }
  }
}

void ArchiveMutator::ChangeContent(std::string& archive, ByteMutator& mutator) const {
  const Member& member =
      members_[mutator.Below(4) == 0 ? mutator.Below(members_.size()) : members_.size() - 1];
  for (std::uint64_t i = 1 + mutator.Below(4); i > 0; --i) {
    mutator.ChangeInPlace(archive, member.content, member.bytes);
  }
  checksums_.Repair(archive);
  const std::uint32_t crc =
      ZipBuilder::Checksum(std::string_view(archive).substr(member.content, member.bytes));
  PutNumber(crc, 4, member.header + local::kCrc, archive);
  PutNumber(crc, 4, member.entry + central::kCrc, archive);
}

std::string ArchiveMutator::Next(ByteMutator& mutator) const {
  std::string archive = archive_;
  switch (mutator.Below(4)) {
    case 0: mutator.Change(archive); break;
    case 1: ChangeRecord(archive, mutator); break;
    default: ChangeContent(archive, mutator); break;
  }
  return archive;
}

}  // namespace polyak::test
