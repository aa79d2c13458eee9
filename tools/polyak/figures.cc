#include "figures.h"

#include <fmt/format.h>

#include <cmath>

namespace polyak::command {

std::string FigureText(double figure) {
  return std::isnan(figure) ? "-" : fmt::format("{:.6g}", figure);
}

std::string FigureText(const Extreme& extreme) {
  if (const auto* number = std::get_if<std::int64_t>(&extreme)) return std::to_string(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&extreme)) return std::to_string(*number);
  return FigureText(std::get<double>(extreme));
}

Json FigureJson(double figure) {
  if (std::isnan(figure)) return nullptr;
  if (std::isinf(figure)) return figure > 0 ? "inf" : "-inf";
  return figure;
}

Json FigureJson(const Extreme& extreme) {
  if (const auto* figure = std::get_if<double>(&extreme)) return FigureJson(*figure);
  return std::visit([](const auto& number) { return Json(number); }, extreme);
}

}  // namespace polyak::command
