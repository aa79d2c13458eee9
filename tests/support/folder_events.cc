#include "support/folder_events.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace polyak::test {

FolderEvents::FolderEvents(const std::filesystem::path& folder, std::uint32_t kinds)
    : events_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_add_watch(events_, folder.c_str(), kinds) < 0) {
    close(events_);
    throw std::runtime_error("cannot watch " + folder.string());
  }
}

FolderEvents::~FolderEvents() { close(events_); }

std::vector<std::string> FolderEvents::Take() const {
  std::vector<std::string> names;
  alignas(inotify_event) std::array<char, 65536> bytes{};
  while (true) {
    const ssize_t length = read(events_, bytes.data(), bytes.size());
    if (length <= 0) return names;
    for (ssize_t at = 0; at < length;) {
      const auto* const event = reinterpret_cast<const inotify_event*>(bytes.data() + at);
      if (event->len != 0) names.emplace_back(event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

}  // namespace polyak::test
