// Keeps the descriptors of many files open, as many as a process may have: the others are opened
// again when they are needed. Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/mutex.h"

namespace polyak {

// An open descriptor, closed with the object.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  int number() const noexcept { return number_; }

 private:
  int number_;
};

class DescriptorCache {
 public:
  // At most `most` stay open beside those that are in use; at least 1.
  explicit DescriptorCache(std::size_t most) : most_(most) {}
  // A quarter of what the process may have: others need some, too.
  static std::size_t UsualSize() noexcept;

  // The descriptor of the file that `owner` stands for; `open` opens it where it isn't open any
  // more (and may throw). It stays open as long as what is returned.
  std::shared_ptr<const Descriptor> Get(const void* owner, const std::function<int()>& open);
  void Forget(const void* owner) noexcept;

 private:
  using Entry = std::pair<const void*, std::shared_ptr<const Descriptor>>;

  const std::size_t most_;
  Mutex mutex_;                                         // guards what is open, and its order
  std::list<Entry> entries_ POLYAK_GUARDED_BY(mutex_);  // the last used first
  std::unordered_map<const void*, std::list<Entry>::iterator> by_owner_ POLYAK_GUARDED_BY(mutex_);
};

}  // namespace polyak
