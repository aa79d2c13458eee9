#include "bash_completion.h"

#include <vector>

#include "shell_quoting.h"

namespace polyak::manual {
namespace {

using command::CommandDescription;
using command::OptionDescription;
using command::ValueDescription;

// What comes first in the function: which word is completed, and which subcommand stands before it.
// "--option=value" arrives as three words.
constexpr const char* kStart = R"(_polyak() {
  local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}
  if [[ $current == '=' ]]; then
    current=
  elif [[ $option == '=' ]] && ((COMP_CWORD > 1)); then
    option=${COMP_WORDS[COMP_CWORD-2]}
  fi
  local command= is_end= word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      --) is_end=yes; option= ;;
)";

// COMPREPLY left empty makes bash complete a file, as `complete -o default` asks for.
constexpr const char* kFiles = R"(  esac
  if [[ $command && ($current != -* || $is_end) ]]; then return; fi
  local words=
  case $command in
)";

constexpr const char* kEnd = R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ ! $command ]]; then compopt +o default; fi
}
complete -o default -F _polyak polyak
)";

std::string CompletionOf(const ValueDescription& value) {
  std::string text;
  if (!value.words.empty()) {
    text =
        "COMPREPLY=($(compgen -W " + ShellQuoted(Joined(value.words, " ")) + " -- \"$current\")); ";
  }
  if (!value.is_file) text += "compopt +o default; ";
  if (value.is_folder && !value.is_file) text += "compopt -o dirnames; ";
  return text + "return";
}

// Cases of "SUBCOMMAND OPTION", for the options that take a value.
std::string ValueCases(const CommandDescription& command) {
  std::string text;
  for (const OptionDescription& option : AllOptions(command)) {
    if (option.value.name.empty()) continue;
    std::string patterns;
    for (const std::string& name : option.names) {
      patterns += (patterns.empty() ? "'" : " | '") + command.name + " " + name + "'";
    }
    text += "    " + patterns + ") " + CompletionOf(option.value) + " ;;\n";
  }
  return text;
}

// The words that may come after a command, or after none: `words` and its options.
std::string WordsCase(const std::string& command, std::vector<std::string> words,
                      const std::vector<OptionDescription>& options) {
  for (const OptionDescription& option : options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
  }
  return "    " + ShellQuoted(command) + ") words=" + ShellQuoted(Joined(words, " ")) + " ;;\n";
}

}  // namespace

std::string BashCompletion(const CommandDescription& program) {
  std::vector<std::string> names;
  std::string value_cases;
  std::string words_cases;
  for (const CommandDescription& subcommand : program.subcommands) {
    names.push_back(subcommand.name);
    value_cases += ValueCases(subcommand);
    words_cases += WordsCase(subcommand.name, {}, AllOptions(subcommand));
  }
  return "# bash completion for " + program.name + "\n" + kStart + "      " + Joined(names, " | ") +
         ") command=${command:-$word} ;;\n    esac\n  done\n" +
         "  COMPREPLY=()\n  case \"$command $option\" in\n" + value_cases + kFiles +
         WordsCase("", names, AllOptions(program)) + words_cases + kEnd;
}

}  // namespace polyak::manual
