#include "inputs/input_choice.h"

#include <utility>

#include "inputs/argument_files.h"
#include "inputs/input_order.h"
#include "inputs/input_window.h"

namespace polyak {
namespace {

std::vector<std::filesystem::path> PathsOf(std::vector<std::string> files) {
  std::vector<std::filesystem::path> paths;
  paths.reserve(files.size());
  for (std::string& file : files) paths.emplace_back(std::move(file));
  return paths;
}

}  // namespace

ChosenInputs ChooseInputs(const InputRequest& request) {
  CheckWindow(request.last, request.every);
  ChosenInputs chosen;
  std::vector<std::string> files;
  for (const std::string& argument : request.arguments) {
    AppendFilesOf(argument, request, files, chosen);
  }
  if (request.order_matters || request.last || request.every > 1) {
    if (auto warning = OutOfOrder(files, request.order_matters)) {
      chosen.warnings.push_back(std::move(*warning));
    }
  }
  std::vector<std::string> left_out = ApplyWindow(files, request.last, request.every);
  chosen.paths = PathsOf(std::move(files));
  chosen.left_out_by_window = PathsOf(std::move(left_out));
  return chosen;
}

}  // namespace polyak
