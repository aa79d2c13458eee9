#include "diff_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ostream>

#include "diff_order.h"
#include "figures.h"
#include "report/printable.h"
#include "table.h"

namespace polyak::command {
namespace {

// On a narrow terminal the figures stay longest: what the tensors are, inspect tells, too.
TableLayout MakeLayout() {
  return TableLayout({{.title = "TENSOR", .may_shrink = true},
                      {.title = "RESULT", .may_shrink = true, .leaves_first = 6},
                      {.title = "DTYPE", .leaves_first = 9},
                      {.title = "SHAPE", .may_shrink = true, .leaves_first = 8},
                      {.title = "DIFFERING", .align = Align::kRight, .leaves_first = 7},
                      {.title = "MAX |A-B|", .align = Align::kRight, .leaves_first = 1},
                      {.title = "ULPS", .align = Align::kRight, .leaves_first = 3},
                      {.title = "REL L2", .align = Align::kRight, .leaves_first = 2},
                      {.title = "COSINE", .align = Align::kRight, .leaves_first = 4},
                      {.title = "NAN/INF", .align = Align::kRight, .leaves_first = 5}});
}

std::string ResultCell(const Diff& found, const TensorDiff& tensor) {
  std::string text(NameOf(tensor.verdict));
  const std::string_view reason = found.WhyNotCompared(tensor);
  if (!reason.empty()) text += ": " + Printable(reason);
  return text;
}

// "float32", or "float32 / float16" where they are not the same.
std::string Both(const std::string& a, const std::string& b) { return a == b ? a : a + " / " + b; }

std::vector<std::string> RowOf(const Diff& found, const TensorDiff& tensor) {
  const TensorInfo& info = found.InfoOf(tensor);
  const TensorInfo& other =
      tensor.is_in_both() ? found.b.checkpoint->tensors()[tensor.pair.b] : info;
  const ElementDifferences& figures = tensor.differences;
  const ComparedAs how = tensor.pair.compared_as;
  const bool has_count = how == ComparedAs::kValues || how == ComparedAs::kElements;
  const bool has_norms = found.HasNorms(tensor);
  return {Printable(info.name),
          ResultCell(found, tensor),
          Both(std::string(NameOf(info.dtype)), std::string(NameOf(other.dtype))),
          Both(ShapeText(info.shape), ShapeText(other.shape)),
          has_count ? std::to_string(figures.differing) : "-",
          how == ComparedAs::kValues ? FigureText(figures.max_difference) : "-",
          found.HasUlps(tensor) ? std::to_string(figures.max_ulps) : "-",
          has_norms ? FigureText(figures.relative_l2()) : "-",
          has_norms ? FigureText(figures.cosine()) : "-",
          has_norms ? std::to_string(figures.nonfinite_mismatches) : "-"};
}

std::string Conclusion(const Diff& found, double tolerance) {
  const std::size_t all = found.tensors.size();
  const std::size_t different = found.different();
  const std::string within = tolerance > 0 ? fmt::format(" within {}", tolerance) : "";
  if (all == 0) return "no tensors in either";
  if (std::ranges::none_of(found.tensors, &TensorDiff::is_in_both)) {
    return "all tensors differ: no name is in both";
  }
  if (different > 0) {
    return fmt::format("{} of {} {}{}", different, Counted(all, "tensor"),
                       different == 1 ? "differs" : "differ",
                       tolerance > 0 ? fmt::format(" by more than {}", tolerance) : "");
  }
  if (found.not_compared() > 0) {
    return fmt::format("{} of {} {} equal{}", found.equal(), Counted(all, "tensor"),
                       found.equal() == 1 ? "is" : "are", within);
  }
  if (all == 1) return fmt::format("the 1 tensor is equal{}", within);
  return fmt::format("all {} tensors are equal{}", all, within);
}

}  // namespace

void PrintDiff(const Diff& found, const DiffView& view, std::ostream& out) {
  std::vector<std::uint32_t> order = OrderOf(found, view.sort);
  if (!view.whole) {
    std::erase_if(order, [&](std::uint32_t number) {
      return found.tensors[number].verdict == Verdict::kEqual;
    });
  }
  if (!order.empty()) {
    TableLayout layout = MakeLayout();
    for (const std::uint32_t number : order) layout.Measure(RowOf(found, found.tensors[number]));
    layout.Fit(view.columns);
    out << layout.TitleLine() << '\n';
    for (const std::uint32_t number : order) {
      out << layout.Line(RowOf(found, found.tensors[number])) << '\n';
    }
    out << '\n';
  }
  out << Conclusion(found, view.tolerance) << '\n';
}

}  // namespace polyak::command
