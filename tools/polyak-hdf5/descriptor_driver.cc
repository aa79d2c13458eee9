#include "descriptor_driver.h"

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "descriptor_status.h"
#include "structure_length.h"

namespace polyak::hdf5 {

struct NoteTaker {
  // Whether a transfer is of elements and somebody wants to know only where they are.
  static bool Takes(H5FD_mem_t type, haddr_t address, size_t size) noexcept;
};

namespace {

constexpr haddr_t kMaxAddress = std::numeric_limits<std::int64_t>::max();

// Of the one request that is being answered. The library's driver functions have no way to be
// given a context but file-access properties, which it would pass on to files that it opens itself.
const Image* offered_image = nullptr;
Overlay* offered_overlay = nullptr;
ElementsNote* current_note = nullptr;
int last_read_error = 0;
// The file that is open, read-only; null: there is none.
const struct DescriptorDriver* open_file = nullptr;
// Where the superblock is, from which the file counts its addresses: behind the user block.
haddr_t base_address = 0;
std::vector<FilePlace>& Places() {
  static std::vector<FilePlace> places;
  return places;
}

// The library reads the beginning of an object header or a local heap before it knows its length:
// so many bytes (H5O_SPEC_READ_SIZE, H5HL_SPEC_READ_SIZE), or up to the end of the file.
constexpr size_t kGuessedBytes = 512;

struct DescriptorDriver : H5FD_t {
  Image image{};
  Overlay* overlay = nullptr;  // null: read-only
  haddr_t end_of_file = 0;
  haddr_t end_of_addresses = 0;
};

DescriptorDriver* Mine(H5FD_t* file) { return static_cast<DescriptorDriver*>(file); }
const DescriptorDriver* Mine(const H5FD_t* file) {
  return static_cast<const DescriptorDriver*>(file);
}

H5FD_t* OpenOffered(const char* /*name*/, unsigned flags, hid_t /*fapl*/, haddr_t /*max*/) {
  if (offered_image == nullptr || (flags & (H5F_ACC_TRUNC | H5F_ACC_CREAT)) != 0) return nullptr;
  if ((flags & H5F_ACC_RDWR) != 0 && offered_overlay == nullptr) return nullptr;
  auto* file = new (std::nothrow) DescriptorDriver{};
  if (file == nullptr) return nullptr;
  file->image = *offered_image;
  file->overlay = offered_overlay;
  file->end_of_file = file->image.bytes;
  offered_image = nullptr;  // once
  open_file = file->overlay == nullptr ? file : nullptr;
  return file;
}

herr_t CloseFile(H5FD_t* file) {
  if (Mine(file)->overlay != nullptr) Mine(file)->overlay->SetEnd(Mine(file)->end_of_addresses);
  if (open_file == file) open_file = nullptr;
  delete Mine(file);
  return 0;
}

int CompareFiles(const H5FD_t* a, const H5FD_t* b) { return a == b ? 0 : (a < b ? -1 : 1); }

herr_t QueryFeatures(const H5FD_t* /*file*/, unsigned long* features) {
  // None. Above all no accumulating of metadata: each read then begins where a structure does. And
  // no setting room aside for more of a kind, which would leave holes.
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
bool NoteStructure(haddr_t address, std::span<const char> bytes, bool may_be_guessed) noexcept {
  const haddr_t length =
      may_be_guessed ? StructureLength(bytes, address - base_address) : bytes.size();
  try {
    Places().push_back({address, std::min(length, kMaxAddress - address)});
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool FillFrom(const Image& image, haddr_t address, std::span<char> bytes) {
  while (!bytes.empty() && address < image.bytes) {
    const size_t wanted = std::min<haddr_t>(bytes.size(), image.bytes - address);
    const ssize_t length =
        pread(image.descriptor, bytes.data(), wanted, static_cast<off_t>(image.offset + address));
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) {
      last_read_error = errno;
      return false;
    }
    if (length == 0) break;
    bytes = bytes.subspan(static_cast<size_t>(length));
    address += static_cast<haddr_t>(length);
  }
  // As the library's own drivers have it: addresses behind the end of the file read as zeros.
  std::ranges::fill(bytes, 0);
  return true;
}

bool IsBeyondAddresses(haddr_t address, size_t size) {
  return address > kMaxAddress || size > kMaxAddress - address;
}

herr_t ReadAt(H5FD_t* file, H5FD_mem_t type, hid_t /*dxpl*/, haddr_t address, size_t size,
              void* buffer) {
  if (IsBeyondAddresses(address, size)) return -1;
  if (NoteTaker::Takes(type, address, size)) return 0;
  const DescriptorDriver& mine = *Mine(file);
  const std::span<char> bytes(static_cast<char*>(buffer), size);
  if (!FillFrom(mine.image, address, bytes)) return -1;
  if (mine.overlay != nullptr) mine.overlay->Cover(address, bytes);
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  // Only where the library looks for it: anything else may begin with these bytes, too.
  if (type == H5FD_MEM_SUPER && std::string_view(bytes.data(), size).starts_with(kSignature)) {
    base_address = address;
  }
  const bool has_guessed_reads = type == H5FD_MEM_OHDR || type == H5FD_MEM_LHEAP;
  const bool has_guessed_size =
      size == kGuessedBytes || (size < kGuessedBytes && address + size >= mine.end_of_addresses);
  return NoteStructure(address, bytes, has_guessed_reads && has_guessed_size) ? 0 : -1;
}

herr_t WriteAt(H5FD_t* file, H5FD_mem_t type, hid_t /*dxpl*/, haddr_t address, size_t size,
               const void* buffer) {
  DescriptorDriver& mine = *Mine(file);
  if (mine.overlay == nullptr || IsBeyondAddresses(address, size)) return -1;
  mine.end_of_file = std::max(mine.end_of_file, address + size);
  if (NoteTaker::Takes(type, address, size)) {
    mine.overlay->Forget(address, size);
    return 0;
  }
  try {
    mine.overlay->Write(address, {static_cast<const char*>(buffer), size});
    return 0;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

herr_t TruncateFile(H5FD_t* file, hid_t /*dxpl*/, hbool_t /*closing*/) {
  Mine(file)->end_of_file = Mine(file)->end_of_addresses;
  return 0;
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
  driver.write = WriteAt;
  driver.truncate = TruncateFile;
  constexpr H5FD_mem_t kFreeSpaceMap[H5FD_MEM_NTYPES] = H5FD_FLMAP_SINGLE;
  std::copy(std::begin(kFreeSpaceMap), std::end(kFreeSpaceMap), std::begin(driver.fl_map));
  return driver;
}

hid_t DriverId() {
  static const H5FD_class_t driver = MakeDriver();
  static const hid_t id = Checked(H5FDregister(&driver));
  return id;
}

// The library would keep up to 32 MiB of metadata; an index looks at each piece once, and what is
// kept for nothing costs time as well: 10,000 groups of one dataset took 0.43 s with 4 MiB, 0.39
// with 1, 0.35 with a quarter.
void KeepCacheSmall(hid_t access) {
  H5AC_cache_config_t config{};
  config.version = H5AC__CURR_CACHE_CONFIG_VERSION;
  Checked(H5Pget_mdc_config(access, &config));
  constexpr std::size_t kCacheBytes = std::size_t{128} << 10;
  config.set_initial_size = 1;
  config.initial_size = kCacheBytes;
  config.min_size = kCacheBytes;
  config.max_size = kCacheBytes;
  Checked(H5Pset_mdc_config(access, &config));
}

}  // namespace

bool NoteTaker::Takes(H5FD_mem_t type, haddr_t address, size_t size) noexcept {
  if (current_note == nullptr || type != H5FD_MEM_DRAW) return false;
  current_note->place_ = {address, size};
  ++current_note->count_;
  return true;
}

Image FindImage(int descriptor, const wire::Image& wanted) {
  struct stat status {};
  if (!GetStatus(descriptor, status)) {
    throw Failure(wire::Failure::SYSTEM, "can't look at the file");
  }
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  if (wanted.offset() > file_bytes || wanted.bytes() > file_bytes - wanted.offset()) {
    throw Failure(wire::Failure::DAMAGED,
                  fmt::format("{} bytes of HDF5 at {} are not within the file, which has {}",
                              wanted.bytes(), wanted.offset(), file_bytes));
  }
  return {descriptor, wanted.offset(), wanted.bytes()};
}

DescriptorFile::DescriptorFile(const Image& image) : file_(Open(image, nullptr), H5Fclose) {}

DescriptorFile::DescriptorFile(const Image& image, Overlay& overlay)
    : file_(Open(image, &overlay), H5Fclose) {}

hid_t DescriptorFile::Open(const Image& image, Overlay* overlay) {
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  Checked(H5Pset_driver(access.id(), DriverId(), nullptr));
  KeepCacheSmall(access.id());
  // Nor are elements kept.
  Checked(H5Pset_cache(access.id(), 0, 1, 0, 0));
  last_read_error = 0;
  Places().clear();
  base_address = 0;
  offered_image = &image;
  offered_overlay = overlay;
  const unsigned mode = overlay == nullptr ? H5F_ACC_RDONLY : H5F_ACC_RDWR;
  const hid_t file = H5Fopen("checkpoint", mode, access.id());
  offered_image = nullptr;
  // Here: closing `access` would clear what the library says about it.
  return Checked(file);
}

const std::vector<FilePlace>& DescriptorFile::StructurePlaces() noexcept { return Places(); }

haddr_t DescriptorFile::BaseAddress() noexcept { return base_address; }

std::span<const char> DescriptorFile::ReadStructure(haddr_t address,
                                                    std::span<char> bytes) noexcept {
  if (open_file == nullptr || !Contains(address, 1)) return {};
  const haddr_t left = open_file->end_of_addresses - base_address - address;
  bytes = bytes.first(std::min<haddr_t>(bytes.size(), left));
  return FillFrom(open_file->image, base_address + address, bytes) ? bytes : bytes.first(0);
}

void DescriptorFile::NoteStructure(haddr_t address, haddr_t length) {
  Places().push_back({base_address + address, length});
}

bool DescriptorFile::Contains(haddr_t address, haddr_t length) noexcept {
  if (open_file == nullptr) return false;
  const haddr_t end = std::min<haddr_t>(open_file->end_of_addresses, open_file->image.bytes);
  return end > base_address && address < end - base_address &&
         length <= end - base_address - address;
}

int DescriptorFile::LastReadError() noexcept { return last_read_error; }

ElementsNote::ElementsNote() noexcept { current_note = this; }

ElementsNote::~ElementsNote() { current_note = nullptr; }

FilePlace ElementsNote::Take() {
  if (std::exchange(count_, 0) != 1) {
    throw Failure(wire::Failure::DAMAGED, "elements are not in one place");
  }
  return place_;
}

}  // namespace polyak::hdf5
