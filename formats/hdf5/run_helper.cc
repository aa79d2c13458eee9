#include "formats/hdf5/run_helper.h"

#include <any>
#include <cstdint>

namespace polyak::hdf5 {
namespace {

constexpr const char* kContextKey = "hdf5";

}  // namespace

std::shared_ptr<HelperProcess> HelperOf(OpenContext& context) {
  const auto kept = context.per_run.find(kContextKey);
  if (kept != context.per_run.end()) {
    return std::any_cast<std::shared_ptr<HelperProcess>>(kept->second);
  }
  auto helper =
      HelperProcess::Start(HelperProcess::Find(context.hdf5_helper), context.helper_memory_bytes);
  context.per_run.emplace(kContextKey, helper);
  context.index_budget.Reserve(HelperBytes(context.helper_memory_bytes));
  return helper;
}

std::uint64_t HelperBytes(std::uint64_t memory_bytes) noexcept {
  return kHelperCodeBytes + memory_bytes;
}

void ForgetHelper(OpenContext& context) noexcept {
  const auto kept = context.per_run.find(kContextKey);
  if (kept != context.per_run.end()) context.per_run.erase(kept);
}

}  // namespace polyak::hdf5
