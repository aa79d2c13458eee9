#include "report/summary.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "report/printable.h"

namespace polyak {
namespace {

void AddInputs(const Report& report, bool whole, std::ostream& out) {
  constexpr std::size_t kMostInputs = 40;
  const std::size_t shown =
      whole ? report.inputs.size() : std::min(report.inputs.size(), kMostInputs);
  // The newest ones, and the template: what one wants to be sure of.
  const std::size_t first = report.inputs.size() - shown;
  if (first > 0) {
    fmt::print(out, "  ... and {} before these (-v lists them)\n", first);
  }
  for (std::size_t k = first; k < report.inputs.size(); ++k) {
    const InputReport& input = report.inputs[k];
    fmt::print(out, "  {:<22} {}{}\n", input.effective_weight, Printable(input.path.string()),
               k == report.template_index ? "  (template)" : "");
  }
  if (report.template_index < first) {
    fmt::print(out, "template   {}\n",
               Printable(report.inputs[report.template_index].path.string()));
  }
}

void AddLeftOut(const Report& report, bool whole, std::ostream& out) {
  fmt::print(out, "left out   {} (--last, --every)", Counted(report.left_out.size(), "checkpoint"));
  for (std::size_t k = 0; whole && k < report.left_out.size(); ++k) {
    fmt::print(out, "{} {}", k == 0 ? ":" : ",", Printable(report.left_out[k].string()));
  }
  out << '\n';
}

// The tensors that one rule has kept, or given the average of another's.
void AddKept(const Report& report, const std::vector<const TensorReport*>& tensors, bool whole,
             std::ostream& out) {
  constexpr std::size_t kMostNames = 8;
  const std::size_t shown = whole ? tensors.size() : std::min(tensors.size(), kMostNames);
  fmt::print(out, "{} {} ({}):", tensors[0]->fate == Fate::kShare ? "shared    " : "kept      ",
             Counted(tensors.size(), "tensor"), Printable(report.rules[tensors[0]->rule]));
  for (std::size_t i = 0; i < shown; ++i) {
    fmt::print(out, "{} {}", i == 0 ? "" : ",", Printable(tensors[i]->name));
  }
  if (shown < tensors.size()) {
    fmt::print(out, " and {} more (-v lists them)", tensors.size() - shown);
  }
  out << '\n';
}

void AddAllKept(const Report& report, bool whole, std::ostream& out) {
  std::vector<std::vector<const TensorReport*>> by_rule(report.rules.size());
  for (const TensorReport& tensor : report.tensors) {
    if (tensor.fate != Fate::kAverage) by_rule[tensor.rule].push_back(&tensor);
  }
  for (const auto& tensors : by_rule) {
    if (!tensors.empty()) AddKept(report, tensors, whole, out);
  }
}

void AddWork(const Report& report, std::ostream& out) {
  const std::string threads = Counted(report.workers, "thread");
  if (report.is_dry_run) {
    fmt::print(out,
               "would read {}, write about {} ({} free)\n"
               "would use  {}, peak memory up to {}\n",
               BytesText(report.read_bytes), BytesText(report.write_bytes),
               BytesText(report.free_bytes), threads, BytesText(report.planned_memory_bytes));
    return;
  }
  fmt::print(out, "read       {}, wrote {} in {:.3f} s, {}", BytesText(report.read_bytes),
             BytesText(report.write_bytes), report.seconds.total, threads);
  // The kernel says it in /proc, which isn't everywhere.
  if (report.peak_memory_bytes != 0) {
    fmt::print(out, ", peak memory {}", BytesText(report.peak_memory_bytes));
  }
  out << '\n';
}

void AddDataFiles(const Report& report, bool whole, std::ostream& out) {
  constexpr std::size_t kMostFiles = 8;
  const std::size_t files = report.data_files.size();
  const std::size_t shown = whole ? files : std::min(files, kMostFiles);
  for (std::size_t i = 0; i < shown; ++i) {
    fmt::print(out, "{}{}\n", i == 0 ? "data       " : "           ",
               Printable(report.data_files[i].string()));
  }
  if (shown < files) fmt::print(out, "           and {} more files\n", files - shown);
}

}  // namespace

void WriteSummary(const Report& report, bool whole, std::ostream& out) {
  fmt::print(out, "{} of {}, effective weights:\n", report.method,
             Counted(report.inputs.size(), "checkpoint"));
  AddInputs(report, whole, out);
  if (!report.left_out.empty()) AddLeftOut(report, whole, out);
  fmt::print(out, "averaged   {}, {}\n", Counted(report.averaged_tensors, "tensor"),
             Counted(report.averaged_elements, "element"));
  AddAllKept(report, whole, out);
  AddWork(report, out);
  fmt::print(out, "output     {}{}\n", Printable(report.output.string()),
             report.is_dry_run ? "  (a dry run: nothing was written)" : "");
  AddDataFiles(report, whole, out);
}

}  // namespace polyak
