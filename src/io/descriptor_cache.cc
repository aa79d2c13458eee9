#include "io/descriptor_cache.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace polyak {

Descriptor::~Descriptor() { close(number_); }

std::size_t DescriptorCache::UsualSize() noexcept {
  constexpr rlim_t kLeast = 4;
  constexpr rlim_t kMost = 4096;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kLeast;
  return std::clamp(limit.rlim_cur / 4, kLeast, kMost);
}

std::shared_ptr<const Descriptor> DescriptorCache::Get(const void* owner,
                                                       const std::function<int()>& open) {
  const MutexLock lock(mutex_);
  const auto known = by_owner_.find(owner);
  if (known != by_owner_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front().second;
  }
  if (entries_.size() >= most_) {
    by_owner_.erase(entries_.back().first);
    entries_.pop_back();
  }
  entries_.emplace_front(owner, std::make_shared<const Descriptor>(open()));
  by_owner_.emplace(owner, entries_.begin());
  return entries_.front().second;
}

void DescriptorCache::Forget(const void* owner) noexcept {
  const MutexLock lock(mutex_);
  const auto known = by_owner_.find(owner);
  if (known == by_owner_.end()) return;
  entries_.erase(known->second);
  by_owner_.erase(known);
}

}  // namespace polyak
