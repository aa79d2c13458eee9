// Chooses inputs among the files of a temporary folder.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "inputs/input_choice.h"
#include "support/files.h"

namespace polyak::test {

class Choosing : public ::testing::Test {
 protected:
  // A file that is_checkpoint recognises.
  void Checkpoint(std::string_view name) { Write(name, "checkpoint"); }
  void Checkpoints(const std::vector<std::string>& names) {
    for (const std::string& name : names) Checkpoint(name);
  }
  void Write(std::string_view name, std::string_view bytes) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    WriteFile(folder_ / name, bytes);
  }
  std::string Path(std::string_view name) const { return (folder_ / name).string(); }

  // The names, below the temporary folder, that the request chooses.
  std::vector<std::string> Choose(std::vector<std::string> arguments) {
    request_.arguments = std::move(arguments);
    if (!request_.is_checkpoint) {
      request_.is_checkpoint = [](const std::filesystem::path& path) {
        return std::filesystem::is_regular_file(path) && ReadFile(path).starts_with("checkpoint");
      };
    }
    chosen_ = ChooseInputs(request_);
    return NamesOf(chosen_.paths);
  }
  std::vector<std::string> NamesOf(const std::vector<std::filesystem::path>& paths) const {
    std::vector<std::string> names;
    for (const auto& path : paths) names.push_back(Short(path.string()));
    return names;
  }
  // Without the temporary folder's name.
  std::string Short(std::string text) const {
    const std::string prefix = folder_.path().string() + '/';
    for (std::size_t at = 0; (at = text.find(prefix, at)) != std::string::npos;) {
      text.erase(at, prefix.size());
    }
    return text;
  }
  // The error's text; empty where there is none.
  std::string Refusal(std::vector<std::string> arguments, ErrorKind kind) {
    try {
      Choose(std::move(arguments));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      hint_ = error.hint();
      return Short(error.what());
    }
    return "";
  }
  std::vector<std::string> Warnings() const {
    std::vector<std::string> texts;
    for (const std::string& warning : chosen_.warnings) texts.push_back(Short(warning));
    return texts;
  }

  TemporaryFolder folder_;
  InputRequest request_;
  ChosenInputs chosen_;
  std::string hint_;
};

}  // namespace polyak::test
