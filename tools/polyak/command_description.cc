#include "command_description.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

namespace polyak::command {
namespace {

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// Runs of lines with blank ones between them.
std::vector<std::vector<std::string>> Blocks(const std::string& text) {
  std::vector<std::vector<std::string>> blocks;
  bool inside = false;
  for (const std::string& line : Split(text, '\n')) {
    if (line.empty()) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) blocks.emplace_back();
    blocks.back().push_back(line);
  }
  return blocks;
}

std::string Joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : std::string(separator)) + part;
  return text;
}

bool IsIndented(const std::string& line) { return line.starts_with("  "); }

Section SectionOf(std::vector<std::string> lines) {
  const bool has_heading = lines.size() > 1 && lines[0].ends_with(':') &&
                           std::all_of(lines.begin() + 1, lines.end(), IsIndented);
  if (!has_heading) return {.heading = "", .lines = std::move(lines)};
  Section section{.heading = lines[0].substr(0, lines[0].size() - 1), .lines = {}};
  for (std::size_t i = 1; i < lines.size(); ++i) section.lines.push_back(lines[i].substr(2));
  return section;
}

bool IsLowerCase(const std::string& word) {
  return !word.empty() && std::ranges::none_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// CLI11 shows a type as "NAME:{word,word}", the part in braces by its validator.
ValueDescription ValueOf(const std::string& type) {
  const std::size_t list = type.find(":{");
  ValueDescription value;
  value.name = type.substr(0, type.find(':'));
  if (list != std::string::npos) {
    const std::size_t start = list + 2;
    value.words = Split(type.substr(start, type.find('}', start) - start), ',');
  }
  for (const std::string& part : Split(value.name, '|')) {
    value.is_file |= part == "FILE" || part == "PATH";
    value.is_folder |= part == "FOLDER" || part == "PATH";
    // Those of a validator may be in the name, too: "error|keep:{error,keep}".
    if (IsLowerCase(part) && std::ranges::find(value.words, part) == value.words.end()) {
      value.words.push_back(part);
    }
  }
  return value;
}

bool IsRepeated(const CLI::Option& option) {
  return option.get_expected_max() >= CLI::detail::expected_max_vector_size ||
         option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
}

ArgumentDescription ArgumentOf(const CLI::Option& option) {
  ArgumentDescription argument{.value = ValueOf(option.get_type_name()),
                               .text = option.get_description(),
                               // What is missing is said by the command, which knows how many.
                               .is_required = true,
                               .is_repeated = IsRepeated(option)};
  if (argument.value.words.empty() && !argument.value.is_file && !argument.value.is_folder) {
    argument.value.is_file = argument.value.is_folder = true;
  }
  argument.value.name = option.get_name(true);
  return argument;
}

OptionDescription OptionOf(const CLI::Option& option) {
  OptionDescription described{.names = {},
                              .value = {},
                              .text = option.get_description(),
                              .is_required = option.get_required(),
                              .is_repeated = IsRepeated(option)};
  for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) described.value = ValueOf(option.get_type_name());
  return described;
}

// The groups in the order in which the options were added, but the last is CLI11's own, where what
// every command has is: help.
std::vector<OptionGroup> GroupsOf(const CLI::App& app) {
  std::vector<OptionGroup> groups;
  for (const std::string& heading : app.get_groups()) {
    if (heading.empty()) continue;  // hidden
    OptionGroup group{.heading = heading, .options = {}};
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group() != heading || !option->nonpositional()) continue;
      group.options.push_back(OptionOf(*option));
    }
    if (!group.options.empty()) groups.push_back(std::move(group));
  }
  std::stable_partition(groups.begin(), groups.end(),
                        [](const OptionGroup& g) { return g.heading != "Options"; });
  return groups;
}

void DescribeText(const CLI::App& app, CommandDescription& command) {
  std::vector<std::vector<std::string>> blocks = Blocks(app.get_description());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string text = Joined(blocks[i], " ");
    if (i == 0) {
      command.summary = text;
    } else {
      command.paragraphs.push_back(text);
    }
  }
  for (std::vector<std::string>& block : Blocks(app.get_footer())) {
    command.sections.push_back(SectionOf(std::move(block)));
  }
}

bool SaysAll(const std::string& text, const std::vector<std::string>& words) {
  return std::ranges::all_of(
      words, [&text](const std::string& word) { return text.find(word) != std::string::npos; });
}

}  // namespace

CommandDescription Describe(const CLI::App& app) {
  CommandDescription command;
  command.name = app.get_name();
  if (app.get_parent() != nullptr) command.program = app.get_parent()->get_name();
  DescribeText(app, command);
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional() || option->get_group().empty()) continue;
    command.arguments.push_back(ArgumentOf(*option));
  }
  command.groups = GroupsOf(app);
  for (const CLI::App* subcommand : app.get_subcommands({})) {
    if (!subcommand->get_group().empty()) command.subcommands.push_back(Describe(*subcommand));
  }
  return command;
}

std::string FullName(const CommandDescription& command) {
  return command.program.empty() ? command.name : command.program + " " + command.name;
}

std::vector<std::string> Usage(const CommandDescription& command) {
  std::vector<std::string> parts;
  if (!command.groups.empty()) parts.emplace_back("[OPTIONS]");
  for (const OptionGroup& group : command.groups) {
    for (const OptionDescription& option : group.options) {
      if (option.is_required) parts.push_back(option.names.front() + " " + option.value.name);
    }
  }
  for (const ArgumentDescription& argument : command.arguments) {
    const std::string name = argument.value.name + (argument.is_repeated ? "..." : "");
    parts.push_back(argument.is_required ? name : "[" + name + "]");
  }
  if (!command.subcommands.empty()) parts.insert(parts.end(), {"COMMAND", "..."});
  return parts;
}

std::string FullText(const OptionDescription& option) {
  std::string text = option.text;
  const std::vector<std::string>& words = option.value.words;
  // A name such as "first|last|PATH" says them, too.
  if (!SaysAll(text, words) && !SaysAll(option.value.name, words)) {
    text += " (one of " + Joined(words, ", ") + ")";
  }
  return option.is_required ? text + " (required)" : text;
}

const Section* FindSection(const CommandDescription& command, std::string_view heading) {
  const auto found = std::ranges::find(command.sections, heading, &Section::heading);
  return found == command.sections.end() ? nullptr : &*found;
}

CLI::Validator Described(const std::vector<std::string>& words) {
  return CLI::Validator("{" + Joined(words, ",") + "}");
}

}  // namespace polyak::command
