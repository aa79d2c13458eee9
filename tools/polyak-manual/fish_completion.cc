#include "fish_completion.h"

#include <vector>

#include "shell_quoting.h"

namespace polyak::manual {
namespace {

using command::CommandDescription;
using command::OptionDescription;
using command::ValueDescription;

// Between single quotes fish knows two escapes.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

// "complete -c polyak -n CONDITION"
std::string Complete(const CommandDescription& program, const std::string& condition) {
  return "complete -c " + program.name + " -n " + Quoted(condition);
}

// -x: a value that is no file; -r -F: one that is.
std::string Value(const ValueDescription& value) {
  if (value.name.empty()) return "";
  std::string text = value.is_file ? " -r -F" : " -x";
  if (!value.words.empty()) text += " -a " + Quoted(Joined(value.words, " "));
  if (value.is_folder && !value.is_file) text += " -a '(__fish_complete_directories)'";
  return text;
}

std::string Option(const OptionDescription& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  return text + Value(option.value) + " -d " + Quoted(Brief(option.text));
}

}  // namespace

std::string FishCompletion(const CommandDescription& program) {
  const std::string none = Complete(program, "__fish_use_subcommand");
  std::string text = "# fish completion for " + program.name + "\n" + none + " -f\n";
  for (const CommandDescription& subcommand : program.subcommands) {
    text += none + " -a " + subcommand.name + " -d " + Quoted(subcommand.summary) + "\n";
  }
  for (const OptionDescription& option : AllOptions(program)) text += none + Option(option) + "\n";
  for (const CommandDescription& subcommand : program.subcommands) {
    const std::string seen = Complete(program, "__fish_seen_subcommand_from " + subcommand.name);
    for (const OptionDescription& option : AllOptions(subcommand)) {
      text += seen + Option(option) + "\n";
    }
  }
  return text;
}

}  // namespace polyak::manual
