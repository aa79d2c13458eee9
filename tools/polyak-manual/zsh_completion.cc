#include "zsh_completion.h"

#include <vector>

#include "shell_quoting.h"

namespace polyak::manual {
namespace {

using command::ArgumentDescription;
using command::CommandDescription;
using command::OptionDescription;
using command::ValueDescription;

// Text inside of a specification for _arguments, where colons and brackets mean something.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// ":NAME:ACTION", the part of a specification that says how to complete a value.
std::string Value(const ValueDescription& value) {
  std::string action;
  if (!value.words.empty()) action = "(" + Joined(value.words, " ") + ")";
  if (value.is_folder) action = "_files -/";
  if (value.is_file) action = "_files";
  if (value.is_file && !value.words.empty()) {
    action = "{ compadd -- " + Joined(value.words, " ") + "; _files }";
  }
  return ":" + Escaped(value.name) + ":" + action;
}

// One specification per name: '(-o --output)-o+[text]:FILE:_files'. A name excludes the others of
// its option, and itself unless the option can be repeated; help excludes all.
std::vector<std::string> Specifications(const OptionDescription& option) {
  const bool ends_all = option.names.back() == "--help" || option.names.back() == "--version";
  std::string before = ends_all ? "(- *)" : "(" + Joined(option.names, " ") + ")";
  if (option.is_repeated) before = "*";
  std::vector<std::string> specifications;
  for (const std::string& name : option.names) {
    std::string specification = before + name;
    if (!option.value.name.empty()) specification += name.starts_with("--") ? "=" : "+";
    specification += "[" + Escaped(Brief(option.text)) + "]";
    if (!option.value.name.empty()) specification += Value(option.value);
    specifications.push_back(ShellQuoted(specification));
  }
  return specifications;
}

std::string Arguments(const CommandDescription& command) {
  std::string text = "_arguments -s -S";
  for (const OptionDescription& option : AllOptions(command)) {
    for (const std::string& specification : Specifications(option)) {
      text += " \\\n        " + specification;
    }
  }
  for (const ArgumentDescription& argument : command.arguments) {
    text +=
        " \\\n        " + ShellQuoted((argument.is_repeated ? "*" : "") + Value(argument.value));
  }
  return text;
}

}  // namespace

std::string ZshCompletion(const CommandDescription& program) {
  std::string commands;
  std::string cases;
  for (const CommandDescription& subcommand : program.subcommands) {
    commands +=
        "        " + ShellQuoted(subcommand.name + ":" + Escaped(subcommand.summary)) + "\n";
    cases += "    " + subcommand.name + ")\n      " + Arguments(subcommand) + "\n      ;;\n";
  }
  std::string options;
  for (const OptionDescription& option : AllOptions(program)) {
    for (const std::string& text : Specifications(option)) options += "    " + text + " \\\n";
  }
  return "#compdef " + program.name + "\n\n_" + program.name +
         "() {\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n"
         "  _arguments -C \\\n" +
         options +
         "    '1:command:->command' \\\n    '*::argument:->argument' && return\n"
         "  case $state in\n    command)\n      local -a commands=(\n" +
         commands +
         "      )\n      _describe -t commands command commands\n      return\n      ;;\n  esac\n"
         "  curcontext=${curcontext%:*:*}:" +
         program.name + "-$line[1]:\n  case $line[1] in\n" + cases + "  esac\n}\n\n_" +
         program.name + " \"$@\"\n";
}

}  // namespace polyak::manual
