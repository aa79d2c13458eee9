#include "report_file.h"

#include <sstream>
#include <string>
#include <system_error>

#include "io/input_file.h"
#include "io/output_place.h"
#include "io/pending_file.h"
#include "report/report_json.h"

namespace polyak::command {
namespace {

namespace fs = std::filesystem;

bool IsSamePath(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error);
}

[[noreturn]] void Refuse(const fs::path& path, const std::string& what) {
  Error error(ErrorKind::kUsage, "the report would replace " + what);
  error.AddContext(path.string());
  throw error;
}

}  // namespace

void CheckReportFile(const fs::path& path, const Job& job) {
  if (path.empty()) return;
  if (IsSamePath(path, job.output)) Refuse(path, "the output");
  const auto report = IdentityOf(path);
  for (const fs::path& input : job.inputs) {
    if (report && IdentityOf(input) == report) Refuse(path, "the input " + input.string());
  }
  FindOutputPlace(path, job.replace_existing);
}

void WriteReportFile(const fs::path& path, const Report& report, bool replace_existing) {
  std::ostringstream json;
  WriteJson(report, json);
  const std::string text = json.str();
  try {
    PendingFile file(path, text.size(), replace_existing);
    file.WriteAt(0, std::as_bytes(std::span(text)));
    file.Commit();
  } catch (const Error& error) {
    throw Error(error.kind(), error.what(),
                report.is_dry_run ? "nothing else was to be written"
                                  : "the output is in place; only the report is missing");
  }
}

}  // namespace polyak::command
