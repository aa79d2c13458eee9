// What a provenance record says, for people and for programs. The record comes from a file: it
// may be anything.
#pragma once

#include <string>
#include <string_view>

namespace polyak::command {

// Lines that say how the checkpoint was made; the record itself, made printable, where it isn't one
// of ours.
std::string ProvenanceText(std::string_view record);

// JSON on one line: the record's object; the record as a string where it isn't one; null for no
// record.
std::string ProvenanceJson(std::string_view record);

}  // namespace polyak::command
