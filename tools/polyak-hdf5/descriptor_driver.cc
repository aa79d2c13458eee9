#include "descriptor_driver.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "structure_length.h"

namespace polyak::hdf5 {
namespace {

constexpr haddr_t kMaxAddress = std::numeric_limits<std::int64_t>::max();

// Of the one request that is being answered. The library's driver functions have no way to be
// given a context but file-access properties, which it would pass on to files that it opens itself.
int offered_descriptor = -1;
int last_read_error = 0;
// Where the superblock is, from which the file counts its addresses: behind the user block.
haddr_t base_address = 0;
std::vector<StructurePlace>& Places() {
  static std::vector<StructurePlace> places;
  return places;
}

// The library reads the beginning of an object header or a local heap before it knows its length:
// so many bytes (H5O_SPEC_READ_SIZE, H5HL_SPEC_READ_SIZE), or up to the end of the file.
constexpr size_t kGuessedBytes = 512;

struct DescriptorDriver : H5FD_t {
  int descriptor = -1;
  haddr_t end_of_file = 0;
  haddr_t end_of_addresses = 0;
};

DescriptorDriver* Mine(H5FD_t* file) { return static_cast<DescriptorDriver*>(file); }
const DescriptorDriver* Mine(const H5FD_t* file) {
  return static_cast<const DescriptorDriver*>(file);
}

H5FD_t* OpenOffered(const char* /*name*/, unsigned flags, hid_t /*fapl*/, haddr_t /*max*/) {
  const unsigned writing = H5F_ACC_RDWR | H5F_ACC_TRUNC | H5F_ACC_CREAT;
  struct stat status {};
  if (offered_descriptor < 0 || (flags & writing) != 0) return nullptr;
  if (fstat(offered_descriptor, &status) != 0) return nullptr;
  auto* file = new (std::nothrow) DescriptorDriver{};
  if (file == nullptr) return nullptr;
  file->descriptor = offered_descriptor;
  file->end_of_file = static_cast<haddr_t>(status.st_size);
  offered_descriptor = -1;  // once
  return file;
}

herr_t CloseFile(H5FD_t* file) {
  delete Mine(file);
  return 0;
}

int CompareFiles(const H5FD_t* a, const H5FD_t* b) { return a == b ? 0 : (a < b ? -1 : 1); }

herr_t QueryFeatures(const H5FD_t* /*file*/, unsigned long* features) {
  // None. Above all no accumulating of metadata: each read then begins where a structure does.
  *features = 0;
  return 0;
}

haddr_t EndOfAddresses(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return Mine(file)->end_of_addresses;
}

herr_t SetEndOfAddresses(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t address) {
  Mine(file)->end_of_addresses = address;
  return 0;
}

haddr_t EndOfFile(const H5FD_t* file, H5FD_mem_t /*type*/) { return Mine(file)->end_of_file; }

// Afterwards, when the bytes are there to tell how long the structure is.
bool NotePlace(haddr_t address, std::span<const char> bytes, bool may_be_guessed) noexcept {
  const haddr_t length =
      may_be_guessed ? StructureLength(bytes, address - base_address) : bytes.size();
  try {
    Places().push_back({address, std::min(length, kMaxAddress - address)});
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool FillFrom(int descriptor, haddr_t address, std::span<char> bytes) {
  while (!bytes.empty()) {
    const ssize_t length =
        pread(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(address));
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) {
      last_read_error = errno;
      return false;
    }
    if (length == 0) {
      // As the library's own drivers have it: addresses behind the end of the file read as zeros.
      std::ranges::fill(bytes, 0);
      return true;
    }
    bytes = bytes.subspan(static_cast<size_t>(length));
    address += static_cast<haddr_t>(length);
  }
  return true;
}

herr_t ReadAt(H5FD_t* file, H5FD_mem_t type, hid_t /*dxpl*/, haddr_t address, size_t size,
              void* buffer) {
  if (address > kMaxAddress || size > kMaxAddress - address) return -1;
  const std::span<char> bytes(static_cast<char*>(buffer), size);
  if (!FillFrom(Mine(file)->descriptor, address, bytes)) return -1;
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  if (std::string_view(bytes.data(), size).starts_with(kSignature)) base_address = address;
  const bool has_guessed_reads = type == H5FD_MEM_OHDR || type == H5FD_MEM_LHEAP;
  const bool has_guessed_size =
      size == kGuessedBytes ||
      (size < kGuessedBytes && address + size >= Mine(file)->end_of_addresses);
  return NotePlace(address, bytes, has_guessed_reads && has_guessed_size) ? 0 : -1;
}

herr_t RefuseToWrite(H5FD_t* /*file*/, H5FD_mem_t /*type*/, hid_t /*dxpl*/, haddr_t /*address*/,
                     size_t /*size*/, const void* /*buffer*/) {
  return -1;
}

H5FD_class_t MakeDriver() {
  H5FD_class_t driver{};
  driver.name = "descriptor";
  driver.maxaddr = kMaxAddress;
  driver.fc_degree = H5F_CLOSE_STRONG;  // objects that an error left open go with their file
  driver.open = OpenOffered;
  driver.close = CloseFile;
  driver.cmp = CompareFiles;
  driver.query = QueryFeatures;
  driver.get_eoa = EndOfAddresses;
  driver.set_eoa = SetEndOfAddresses;
  driver.get_eof = EndOfFile;
  driver.read = ReadAt;
  driver.write = RefuseToWrite;
  constexpr H5FD_mem_t kFreeSpaceMap[H5FD_MEM_NTYPES] = H5FD_FLMAP_SINGLE;
  std::copy(std::begin(kFreeSpaceMap), std::end(kFreeSpaceMap), std::begin(driver.fl_map));
  return driver;
}

hid_t DriverId() {
  static const H5FD_class_t driver = MakeDriver();
  static const hid_t id = Checked(H5FDregister(&driver));
  return id;
}

// The library would keep up to 32 MiB of metadata; an index looks at each piece once. With this,
// 100,000 datasets take 39 MB, of which 12 are the library's code.
void KeepCacheSmall(hid_t access) {
  H5AC_cache_config_t config{};
  config.version = H5AC__CURR_CACHE_CONFIG_VERSION;
  Checked(H5Pget_mdc_config(access, &config));
  constexpr std::size_t kCacheBytes = std::size_t{1} << 20;
  config.set_initial_size = 1;
  config.initial_size = kCacheBytes;
  config.min_size = kCacheBytes;
  config.max_size = kCacheBytes;
  Checked(H5Pset_mdc_config(access, &config));
}

}  // namespace

DescriptorFile::DescriptorFile(int descriptor) : file_(Open(descriptor), H5Fclose) {}

hid_t DescriptorFile::Open(int descriptor) {
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  Checked(H5Pset_driver(access.id(), DriverId(), nullptr));
  KeepCacheSmall(access.id());
  last_read_error = 0;
  Places().clear();
  base_address = 0;
  offered_descriptor = descriptor;
  const hid_t file = H5Fopen("checkpoint", H5F_ACC_RDONLY, access.id());
  offered_descriptor = -1;
  // Here: closing `access` would clear what the library says about it.
  return Checked(file);
}

const std::vector<StructurePlace>& DescriptorFile::StructurePlaces() noexcept { return Places(); }

int DescriptorFile::LastReadError() noexcept { return last_read_error; }

}  // namespace polyak::hdf5
