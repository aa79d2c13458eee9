#include "fuzz/trial_series.h"

#include <array>
#include <cstddef>
#include <cstdio>

namespace polyak::test {

int MakeTrials(const TrialSeries& series, const std::function<TrialResult(std::uint64_t)>& trial) {
  std::array<unsigned long long, 4> counts{};
  for (std::uint64_t number = series.first; number < series.first + series.count; ++number) {
    const TrialResult result = trial(number);
    ++counts[static_cast<std::size_t>(result.judgement)];
    if (result.judgement != Judgement::kWrong && !series.tells_all) continue;
    std::printf("%s %llu: %s\n", series.name, static_cast<unsigned long long>(number),
                result.complaint.c_str());
  }
  std::printf("{\"accepted\": %llu, \"refused\": %llu, \"helper ended\": %llu, \"wrong\": %llu}\n",
              counts[0], counts[1], counts[2], counts[3]);
  return counts[3] == 0 ? 0 : 1;
}

}  // namespace polyak::test
