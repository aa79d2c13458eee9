#include "index.h"

#include <fmt/format.h>

#include <new>
#include <unordered_set>
#include <utility>
#include <vector>

#include "formats/hdf5/protocol.h"
#include "library.h"

namespace polyak::hdf5 {
namespace {

struct Link {
  std::string name;
  haddr_t address;  // HADDR_UNDEF: of a link to another file
};

// What H5Literate hands to TakeLink. No exception may pass through the C library.
struct Collected {
  std::vector<Link> links;
  bool out_of_memory = false;
};

// Keeps hard and external links. Soft ones name an object that has another name, or none;
// user-defined ones mean what a program has registered for them.
herr_t TakeLink(hid_t /*group*/, const char* name, const H5L_info_t* info, void* data) noexcept {
  if (info->type != H5L_TYPE_HARD && info->type != H5L_TYPE_EXTERNAL) return 0;
  auto& collected = *static_cast<Collected*>(data);
  try {
    const haddr_t address = info->type == H5L_TYPE_HARD ? info->u.address : HADDR_UNDEF;
    collected.links.push_back({name, address});
    return 0;
  } catch (const std::bad_alloc&) {
    collected.out_of_memory = true;
    return -1;
  }
}

bool TracksCreationOrder(hid_t group) {
  H5G_info_t info{};
  Checked(H5Gget_info(group, &info));
  if (info.storage_type == H5G_STORAGE_TYPE_SYMBOL_TABLE) return false;  // old groups can't
  const Handle creation(H5Gget_create_plist(group), H5Pclose);
  unsigned flags = 0;
  Checked(H5Pget_link_creation_order(creation.id(), &flags));
  return (flags & H5P_CRT_ORDER_TRACKED) != 0;
}

std::vector<Link> LinksOf(hid_t group) {
  Collected collected;
  const H5_index_t order = TracksCreationOrder(group) ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  const herr_t result = H5Literate(group, order, H5_ITER_INC, nullptr, TakeLink, &collected);
  if (collected.out_of_memory) throw std::bad_alloc();
  Checked(result);
  return std::move(collected.links);
}

// The library's own walks recurse and overflow the stack at some thousand groups; this one holds
// the open groups in a vector.
class Walk {
 public:
  Walk(hid_t file, const Visits& visits) : file_(file), visits_(visits) {}

  void Run() {
    const Handle root(H5Gopen2(file_, "/", H5P_DEFAULT), H5Gclose);
    H5O_info_t info{};
    Checked(H5Oget_info2(root.id(), &info, H5O_INFO_BASIC));
    Enter(root.id(), info.addr, "");
    while (!open_groups_.empty()) {
      OpenGroup& group = open_groups_.back();
      if (group.next == group.links.size()) {
        open_groups_.pop_back();
        continue;
      }
      const Link link = std::move(group.links[group.next++]);
      VisitNamed(group.prefix + link.name, link.address);
    }
  }

 private:
  struct OpenGroup {
    std::string prefix;  // its path with a slash behind; empty for the root
    std::vector<Link> links;
    std::size_t next = 0;
  };

  void VisitNamed(const std::string& path, haddr_t address) {
    if (path.size() > kMaxPathBytes) {
      throw Failure(wire::Failure::UNSUPPORTED,
                    fmt::format("a name has {} bytes, more than {}", path.size(), kMaxPathBytes));
    }
    try {
      VisitObject(path, address);
    } catch (Failure& failure) {
      failure.AddContext(path);
      throw;
    }
  }

  void VisitObject(const std::string& path, haddr_t address) {
    if (address == HADDR_UNDEF) return visits_.external_link(path);
    if (visits_.known_dataset(path, address)) return;
    // By address: a damaged name such as "a/b" or ".." must not be taken for a path.
    const Handle object(H5Oopen_by_addr(file_, address), H5Oclose);
    switch (H5Iget_type(object.id())) {
      case H5I_GROUP: Enter(object.id(), address, path); break;
      case H5I_DATASET: visits_.dataset(object.id(), path, address); break;
      default:  // a named type
        break;
    }
  }

  void Enter(hid_t group, haddr_t address, const std::string& path) {
    if (!entered_.insert(address).second) return;
    if (open_groups_.size() > kMaxGroupDepth) {
      throw Failure(wire::Failure::UNSUPPORTED,
                    fmt::format("groups are nested more than {} deep", kMaxGroupDepth));
    }
    visits_.group(group, path);
    open_groups_.push_back(
        {.prefix = path.empty() ? path : path + "/", .links = LinksOf(group), .next = 0});
  }

  hid_t file_;
  const Visits& visits_;
  std::vector<OpenGroup> open_groups_;
  std::unordered_set<haddr_t> entered_;
};

}  // namespace

void WalkObjects(hid_t file, const Visits& visits) { Walk(file, visits).Run(); }

}  // namespace polyak::hdf5
