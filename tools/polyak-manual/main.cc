// polyak_manual FOLDER: writes polyak's manual pages and completions, from the definition of its
// command line. A tool of the build; it isn't installed.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "bash_completion.h"
#include "command_description.h"
#include "command_line.h"
#include "fish_completion.h"
#include "man_page.h"
#include "polyak.h"
#include "zsh_completion.h"

namespace polyak::manual {
namespace {

void Write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file;
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.open(path, std::ios::binary);
  file << text;
  file.close();
}

void WriteAll(const std::filesystem::path& folder) {
  CLI::App app;
  command::Action ignored;
  command::DefineCommand(app, ignored);
  const command::CommandDescription polyak = command::Describe(app);

  std::filesystem::create_directories(folder / "man1");
  const auto write_page = [&](const command::CommandDescription& command) {
    Write(folder / "man1" / (PageName(command) + ".1"), ManPage(command, polyak, Version()));
  };
  write_page(polyak);
  for (const command::CommandDescription& subcommand : polyak.subcommands) write_page(subcommand);
  Write(folder / "polyak.bash", BashCompletion(polyak));
  Write(folder / "_polyak", ZshCompletion(polyak));
  Write(folder / "polyak.fish", FishCompletion(polyak));
}

}  // namespace
}  // namespace polyak::manual

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: polyak_manual FOLDER\n";
    return 2;
  }
  try {
    polyak::manual::WriteAll(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "polyak_manual: error: " << argv[1] << ": " << error.what() << '\n';
    return 1;
  }
}
