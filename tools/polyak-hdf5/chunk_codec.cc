#include "chunk_codec.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "changing_dataset.h"
#include "describe.h"
#include "descriptor_status.h"

namespace polyak::hdf5 {
namespace {

// The codecs kept hold a chunk each.
constexpr std::size_t kMostCodecs = 64;
constexpr std::uint64_t kMostBytesInCodecs = std::uint64_t{64} << 20;

constexpr std::array<hsize_t, H5S_MAX_RANK> kOrigin{};
constexpr const char* kName = "chunk";

hid_t CreateFileInMemory() {
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  constexpr std::size_t kStepBytes = std::size_t{64} << 10;
  Checked(H5Pset_fapl_core(access.id(), kStepBytes, 0));
  Checked(H5Pset_cache(access.id(), 0, 1, 0, 0));
  // What is written in the newest format has room for chunks of any size.
  Checked(H5Pset_libver_bounds(access.id(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST));
  // The library knows files in memory by their names.
  static std::uint64_t files = 0;
  const std::string name = fmt::format("chunk {}", ++files);
  return Checked(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.id()));
}

hid_t CopyType(hid_t model) {
  const Handle type(H5Dget_type(model), H5Tclose);
  return Checked(H5Tcopy(type.id()));  // one that the file has no name for
}

wire::Dataset DescribeChunked(hid_t model) {
  wire::Dataset described = Describe(model, "", 0);
  if (described.layout() != wire::Dataset::CHUNKED) throw NotAsPlanned();
  return described;
}

hid_t CreateChunkSpace(const wire::Dataset& described) {
  const std::vector<hsize_t> dims(described.chunk_dims().begin(), described.chunk_dims().end());
  return H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
}

bool HasFiltersOf(hid_t dataset, const wire::Dataset& described) {
  const wire::Dataset made = Describe(dataset, "", 0);
  return std::ranges::equal(described.filters(), made.filters(),
                            [](const wire::Filter& a, const wire::Filter& b) {
                              return a.SerializeAsString() == b.SerializeAsString();
                            });
}

// Memory that polyak sees as well.
class SharedMemory {
 public:
  SharedMemory(int descriptor, std::uint64_t bytes) : bytes_(bytes) {
    struct stat status {};
    if (!GetStatus(descriptor, status) || bytes == 0 ||
        static_cast<std::uint64_t>(status.st_size) < bytes) {
      throw Failure(wire::Failure::SYSTEM, "polyak's memory is smaller than it says");
    }
    data_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (data_ == MAP_FAILED) throw Failure(wire::Failure::SYSTEM, "can't see polyak's memory");
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() { munmap(data_, bytes_); }

  std::span<char> bytes() const noexcept { return {static_cast<char*>(data_), bytes_}; }

 private:
  std::uint64_t bytes_;
  void* data_ = nullptr;
};

// Device, inode, image's offset and length, object.
using CodecKey = std::tuple<dev_t, ino_t, std::uint64_t, std::uint64_t, std::uint64_t>;

std::unique_ptr<ChunkCodec> MakeCodec(const Image& image, haddr_t address) {
  const DescriptorFile file(image);
  const Handle object(H5Oopen_by_addr(file.id(), address), H5Oclose);
  if (H5Iget_type(object.id()) != H5I_DATASET) throw NotAsPlanned();
  return std::make_unique<ChunkCodec>(object.id());
}

ChunkCodec& KeptCodec(const Image& image, haddr_t address) {
  static std::map<CodecKey, std::unique_ptr<ChunkCodec>> codecs;
  static std::uint64_t bytes = 0;
  struct stat status {};
  if (!GetStatus(image.descriptor, status)) {
    throw Failure(wire::Failure::SYSTEM, "can't look at the file");
  }
  const CodecKey key(status.st_dev, status.st_ino, image.offset, image.bytes, address);
  if (const auto kept = codecs.find(key); kept != codecs.end()) return *kept->second;
  if (codecs.size() >= kMostCodecs || bytes > kMostBytesInCodecs) {
    codecs.clear();
    bytes = 0;
  }
  std::unique_ptr<ChunkCodec>& codec = codecs[key];
  codec = MakeCodec(image, address);
  bytes += codec->element_bytes();
  return *codec;
}

}  // namespace

ChunkCodec::ChunkCodec(hid_t model)
    : described_(DescribeChunked(model)),
      file_(CreateFileInMemory(), H5Fclose),
      type_(CopyType(model), H5Tclose),
      space_(CreateChunkSpace(described_), H5Sclose),
      creation_(H5Dget_create_plist(model), H5Pclose),
      bytes_(static_cast<std::uint64_t>(Checked(H5Sget_simple_extent_npoints(space_.id()))) *
             H5Tget_size(type_.id())) {
  Checked(H5Pset_alloc_time(creation_.id(), H5D_ALLOC_TIME_INCR));
  const Handle dataset = Create();
  if (HasFiltersOf(dataset.id(), described_)) return;
  throw Failure(wire::Failure::UNSUPPORTED,
                "the HDF5 library would give its filters other parameters than it has");
}

Handle ChunkCodec::Create() const {
  if (Checked(H5Lexists(file_.id(), kName, H5P_DEFAULT)) > 0) {
    Checked(H5Ldelete(file_.id(), kName, H5P_DEFAULT));
  }
  return Handle(H5Dcreate2(file_.id(), kName, type_.id(), space_.id(), H5P_DEFAULT, creation_.id(),
                           H5P_DEFAULT),
                H5Dclose);
}

Handle ChunkCodec::Open() const {
  return Handle(H5Dopen2(file_.id(), kName, H5P_DEFAULT), H5Dclose);
}

wire::Coded ChunkCodec::Decode(std::span<const char> stored, std::uint32_t mask,
                               std::span<char> room) const {
  if (bytes_ > room.size() || stored.empty()) throw NotAsPlanned();
  {
    const Handle written = Create();
    Checked(H5Dwrite_chunk(written.id(), H5P_DEFAULT, mask, kOrigin.data(), stored.size(),
                           stored.data()));
  }
  const Handle dataset = Open();
  Checked(H5Dread(dataset.id(), type_.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, room.data()));
  wire::Coded coded;
  coded.set_bytes(bytes_);
  return coded;
}

wire::Coded ChunkCodec::Encode(std::span<const char> elements, std::span<char> room) const {
  if (bytes_ != elements.size()) throw NotAsPlanned();
  {
    const Handle written = Create();
    Checked(H5Dwrite(written.id(), type_.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()));
  }
  const Handle dataset = Open();
  hsize_t stored = 0;
  Checked(H5Dget_chunk_storage_size(dataset.id(), kOrigin.data(), &stored));
  if (stored > room.size()) {
    throw Failure(wire::Failure::SYSTEM, "polyak has too little memory for a filtered chunk");
  }
  std::uint32_t mask = 0;
  Checked(H5Dread_chunk(dataset.id(), H5P_DEFAULT, kOrigin.data(), &mask, room.data()));
  wire::Coded coded;
  coded.set_bytes(stored);
  coded.set_mask(mask);
  return coded;
}

wire::Coded CodeChunk(const Image& image, int memory, const wire::Code& code) {
  const SharedMemory shared(memory, std::max(code.bytes(), code.room()));
  ChunkCodec& codec = KeptCodec(image, code.object_address());
  const std::span<const char> given = shared.bytes().first(code.bytes());
  const std::span<char> room = shared.bytes().first(code.room());
  return code.encode() ? codec.Encode(given, room) : codec.Decode(given, code.mask(), room);
}

}  // namespace polyak::hdf5
