#include "report_file.h"

#include <cstdint>
#include <functional>
#include <ios>
#include <ostream>
#include <span>
#include <streambuf>
#include <string>
#include <string_view>
#include <utility>

#include "io/output_place.h"
#include "io/pending_file.h"
#include "report/report_json.h"

namespace polyak::command {
namespace {

namespace fs = std::filesystem;

// A stream's output as it comes, a piece at a time, to a function.
class PieceBuffer : public std::streambuf {
 public:
  using Take = std::function<void(std::string_view piece)>;

  explicit PieceBuffer(Take take) : take_(std::move(take)), piece_(kPieceBytes, '\0') { Empty(); }
  void Flush() {
    take_(std::string_view(pbase(), static_cast<std::size_t>(pptr() - pbase())));
    Empty();
  }

 private:
  static constexpr std::size_t kPieceBytes = 64 << 10;

  int_type overflow(int_type character) override {
    Flush();
    if (traits_type::eq_int_type(character, traits_type::eof())) return 0;
    return sputc(traits_type::to_char_type(character));
  }
  void Empty() { setp(piece_.data(), piece_.data() + piece_.size()); }

  Take take_;
  std::string piece_;
};

// The report's JSON, in pieces: it may be as long as all names together.
void ForEachPiece(const Report& report, const PieceBuffer::Take& take) {
  PieceBuffer buffer(take);
  std::ostream stream(&buffer);
  stream.exceptions(std::ios::badbit);  // passes on what `take` throws
  WriteJson(report, stream);
  buffer.Flush();
}

Durability Write(const fs::path& path, const Report& report, bool replace_existing) {
  std::uint64_t size = 0;
  ForEachPiece(report, [&](std::string_view piece) { size += piece.size(); });
  PendingFile file(path, size, replace_existing);
  std::uint64_t offset = 0;
  ForEachPiece(report, [&](std::string_view piece) {
    file.WriteAt(offset, std::as_bytes(std::span(piece)));
    offset += piece.size();
  });
  return file.Commit();
}

[[noreturn]] void Refuse(const fs::path& path, const std::string& what) {
  Error error(ErrorKind::kUsage, "the report would replace " + what);
  error.AddContext(path.string());
  throw error;
}

}  // namespace

void CheckReportFile(const fs::path& path, const Job& job) {
  if (path.empty()) return;
  if (IsSamePlace(path, job.output)) Refuse(path, "the output");
  for (const fs::path& input : job.inputs) {
    if (IsSamePlace(path, input)) Refuse(path, "the input " + input.string());
  }
  for (const fs::path& other : job.keep_intact) {
    if (IsSamePlace(path, other)) Refuse(path, other.string() + ", which the run was told of");
  }
  FindOutputPlace(path, job.replace_existing);
}

Durability WriteReportFile(const fs::path& path, const Report& report, bool replace_existing) {
  try {
    return Write(path, report, replace_existing);
  } catch (const Error& error) {
    throw Error(ErrorKind::kSystem, error.what(),
                report.is_dry_run ? "nothing else was to be written"
                                  : "the output is in place; only the report is missing");
  }
}

}  // namespace polyak::command
