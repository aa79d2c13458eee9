#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "report/printable.h"

namespace polyak {
namespace {

std::string Counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

void AddInputs(const Report& report, std::string& text) {
  for (std::size_t k = 0; k < report.inputs.size(); ++k) {
    const InputReport& input = report.inputs[k];
    fmt::format_to(std::back_inserter(text), "  {:<22} {}{}\n", input.effective_weight,
                   Printable(input.path.string()),
                   k == report.template_index ? "  (template)" : "");
  }
}

void AddKept(const KeptReport& kept, bool whole, std::string& text) {
  constexpr std::size_t kMostNames = 8;
  const std::size_t shown = whole ? kept.tensors.size() : std::min(kept.tensors.size(), kMostNames);
  fmt::format_to(std::back_inserter(text),
                 "kept       {} ({}):", Counted(kept.tensors.size(), "tensor"),
                 Printable(kept.reason));
  for (std::size_t i = 0; i < shown; ++i) {
    fmt::format_to(std::back_inserter(text), "{} {}", i == 0 ? "" : ",",
                   Printable(kept.tensors[i]));
  }
  if (shown < kept.tensors.size()) {
    fmt::format_to(std::back_inserter(text), " and {} more (-v lists them)",
                   kept.tensors.size() - shown);
  }
  text += '\n';
}

}  // namespace

std::string SummaryText(const Report& report, bool whole) {
  std::string text = fmt::format("{} of {} checkpoints, effective weights:\n", report.method,
                                 report.inputs.size());
  AddInputs(report, text);
  fmt::format_to(std::back_inserter(text), "averaged   {}, {}\n",
                 Counted(report.averaged_tensors, "tensor"),
                 Counted(report.averaged_elements, "element"));
  for (const KeptReport& kept : report.kept) AddKept(kept, whole, text);
  fmt::format_to(std::back_inserter(text),
                 "read       {}, wrote {} in {:.3f} s, {}, peak memory {}\n",
                 BytesText(report.read_bytes), BytesText(report.write_bytes), report.seconds,
                 Counted(report.workers, "thread"), BytesText(report.peak_memory_bytes));
  fmt::format_to(std::back_inserter(text), "output     {}\n", Printable(report.output.string()));
  return text;
}

}  // namespace polyak
