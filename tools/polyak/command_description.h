// What the command is, as its definition (DefineCommand) says it: one value from which its help,
// manual pages and completions are written.
//
// What CLI11 has no field for is said by three conventions:
//   - A subcommand's description is one line, its summary; a blank line and prose may follow.
//   - A footer is sections with a blank line between them. Each is a heading with a colon and lines
//     that are indented by two spaces, or prose.
//   - A value's name says what can be typed for it: FILE or PATH a file, FOLDER a folder, a word in
//     lower case that word: "--template first|last|PATH". Where the words don't make a good
//     name, a validator lists them: check(CLI::IsMember(words)), or check(Described(words)) where
//     it is not CLI11 that checks. An argument without such a name is a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace polyak::command {

// What can be typed for an option or as an argument.
struct ValueDescription {
  std::string name;                // "FILE"; empty for a flag
  std::vector<std::string> words;  // those that can be typed as they are
  bool is_file = false;
  bool is_folder = false;
};

struct ArgumentDescription {
  ValueDescription value;
  std::string text;
  bool is_required = false;
  bool is_repeated = false;
};

struct OptionDescription {
  std::vector<std::string> names;  // "-o", "--output": the short ones first
  ValueDescription value;
  std::string text;
  bool is_required = false;
  bool is_repeated = false;  // may be given more than once
};

struct OptionGroup {
  std::string heading;
  std::vector<OptionDescription> options;
};

struct Section {
  std::string heading;  // without its colon; empty: prose
  std::vector<std::string> lines;
};

struct CommandDescription {
  std::string name;     // "average"
  std::string program;  // "polyak" where it is a subcommand, else empty
  std::string summary;
  std::vector<std::string> paragraphs;
  std::vector<ArgumentDescription> arguments;
  std::vector<OptionGroup> groups;
  std::vector<Section> sections;
  std::vector<CommandDescription> subcommands;
};

CommandDescription Describe(const CLI::App& app);

// "polyak average"
std::string FullName(const CommandDescription& command);

// What follows the full name in a line of usage, in parts that aren't to be broken: "[OPTIONS]",
// "-o FILE", "CKPT...".
std::vector<std::string> Usage(const CommandDescription& command);

// The option's text, and the facts that the text doesn't say: its words, that it is required.
std::string FullText(const OptionDescription& option);

const Section* FindSection(const CommandDescription& command, std::string_view heading);

// A validator that accepts everything, and tells help and completions these words.
CLI::Validator Described(const std::vector<std::string>& words);

}  // namespace polyak::command
