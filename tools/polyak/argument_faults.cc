#include "argument_faults.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/nearest.h"

namespace polyak::command {
namespace {

// "polyak average", or "polyak" for the app itself.
std::string CommandOf(const CLI::App& app) {
  const CLI::App* const parent = app.get_parent();
  return parent == nullptr ? "polyak" : "polyak " + app.get_name();
}

const CLI::App& ChosenBy(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : *chosen.front();
}

// As they are typed: "--output", "-o".
std::vector<std::string> OptionsOf(const CLI::App& app) {
  std::vector<std::string> options;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    for (const std::string& name : option->get_snames()) options.push_back("-" + name);
  }
  return options;
}

std::vector<std::string> SubcommandsOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* subcommand : app.get_subcommands(nullptr)) {
    names.push_back(subcommand->get_name());
  }
  return names;
}

std::string HintFor(std::string_view word, const std::vector<std::string>& names,
                    const CLI::App& app) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string_view nearest = Nearest(word, candidates);
  if (nearest.empty()) return CommandOf(app) + " --help tells what there is";
  return "did you mean " + std::string(nearest) + "?";
}

Error UnknownOption(const CLI::App& app, std::string_view argument) {
  const std::string name(argument.substr(0, argument.find('=')));
  for (const CLI::App* subcommand : app.get_subcommands(nullptr)) {
    const std::vector<std::string> options = OptionsOf(*subcommand);
    if (std::ranges::find(options, name) == options.end()) continue;
    return {ErrorKind::kUsage, "before the subcommand there is no option " + name,
            "options of a subcommand come after it"};
  }
  // Any letter is near to any other.
  const bool is_letter = name.size() <= 2;
  return {ErrorKind::kUsage, CommandOf(app) + " has no option " + name,
          HintFor(name, is_letter ? std::vector<std::string>() : OptionsOf(app), app)};
}

std::string OneLine(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

constexpr std::string_view kNoMember = " not in {";

// "NAME: VALUE not in {a,b}": "a, b".
std::optional<std::string> MembersIn(const std::string& text) {
  const std::size_t end = text.rfind(kNoMember);
  if (end == text.npos || !text.ends_with('}') || text.find(": ") >= end) return std::nullopt;
  std::string members = text.substr(end + kNoMember.size());
  members.pop_back();
  for (std::size_t comma = 0; (comma = members.find(',', comma)) != members.npos; ++comma) {
    members.insert(comma + 1, " ");
  }
  return members;
}

}  // namespace

void RefuseEmptyValues(const CLI::App& app, std::span<const char* const> arguments) {
  std::vector<std::string> options = OptionsOf(app);
  for (const CLI::App* subcommand : app.get_subcommands(nullptr)) {
    std::ranges::copy(OptionsOf(*subcommand), std::back_inserter(options));
  }
  std::string_view before;
  for (const std::string_view argument : arguments) {
    if (argument == "--") return;
    std::string_view name = argument.empty() ? before : "";
    if (argument.ends_with('=')) name = argument.substr(0, argument.size() - 1);
    if (argument.empty() && !before.starts_with('-')) {
      throw Error(ErrorKind::kUsage, "an argument is empty");
    }
    before = argument;
    if (std::ranges::find(options, name) == options.end()) continue;
    throw Error(ErrorKind::kUsage, std::string(name) + ": the value is empty");
  }
}

std::optional<Error> UnknownArgument(const CLI::App& app) {
  const CLI::App& chosen = ChosenBy(app);
  for (const CLI::App* part : {&app, &chosen}) {
    for (const std::string& argument : part->remaining()) {
      if (argument == "--") continue;
      if (argument.size() > 1 && argument.starts_with('-')) return UnknownOption(*part, argument);
      if (part != &app) {
        return Error(ErrorKind::kUsage,
                     CommandOf(*part) + " takes no further argument (found '" + argument + "')",
                     CommandOf(*part) + " --help tells what there is");
      }
      return Error(ErrorKind::kUsage, "there is no subcommand '" + argument + "'",
                   HintFor(argument, SubcommandsOf(app), app));
    }
  }
  return std::nullopt;
}

std::string TextOf(const CLI::ParseError& error) {
  std::string text = OneLine(error.what());
  const std::string name = text.substr(0, text.find(": "));
  const auto has = [&text](std::string_view part) { return text.find(part) != text.npos; };
  if (has(": At Most 1 required but received ")) return name + " is given more than once";
  if (has(": 1 required ") && text.ends_with(" missing")) return name + " needs a value";
  if (const auto members = MembersIn(text)) {
    const std::size_t begin = name.size() + 2;
    const std::string value = text.substr(begin, text.rfind(kNoMember) - begin);
    return name + ": '" + value + "' is none of " + *members;
  }
  // Only flags are converted.
  constexpr std::string_view kNoFlag = "Could not convert: ";
  const std::size_t equals = text.find(" = ");
  if (!text.starts_with(kNoFlag) || equals == text.npos) return text;
  return text.substr(kNoFlag.size(), equals - kNoFlag.size()) + " takes no value (found '" +
         text.substr(equals + 3) + "')";
}

void RefuseOptionsAsValues(const CLI::App& app) {
  for (const CLI::App* subcommand : app.get_subcommands()) {
    for (const CLI::Option* option : subcommand->get_options()) {
      if (option->get_positional() || option->get_items_expected_max() == 0) continue;
      for (const std::string& value : option->results()) {
        const bool is_option = value.size() > 1 && value.starts_with('-') &&
                               subcommand->get_option_no_throw(value) != nullptr;
        if (!is_option) continue;
        throw Error(ErrorKind::kUsage,
                    option->get_name() + " needs a value (found the option " + value + ")");
      }
    }
  }
}

}  // namespace polyak::command
