// Tiny HDF5 files, written by the library itself. Throws std::runtime_error where that fails.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace polyak::hdf5 {

// An id of the library that is closed with this object.
class Id {
 public:
  using Close = herr_t (*)(hid_t);
  Id(hid_t id, Close close_function);
  Id(Id&& other) noexcept;
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  ~Id();

  operator hid_t() const noexcept { return id_; }  // NOLINT: it is one

 private:
  hid_t id_;
  Close close_;
};

class FileBuilder {
 public:
  explicit FileBuilder(const std::filesystem::path& path, std::uint64_t user_block_bytes = 0,
                       bool tracks_order = false);

  hid_t file() const noexcept { return file_; }
  void Group(const std::string& name);
  // A second name for an object.
  void HardLink(const std::string& object, const std::string& name);
  // `data` in the type's own layout; null: nothing is written. Groups on the way are made.
  void Dataset(const std::string& name, hid_t type, const std::vector<hsize_t>& dims,
               const void* data, hid_t creation = H5P_DEFAULT);
  void DatasetIn(hid_t space, const std::string& name, hid_t type, const void* data,
                 hid_t creation = H5P_DEFAULT);

 private:
  Id file_;
};

void Succeeds(herr_t result);

// A float of two bytes as the library describes it.
Id Float16(H5T_order_t order);
Id BFloat16(H5T_order_t order);
// h5py's complex number of two such.
Id Complex(hid_t component);
// h5py's bool.
Id Bool();

// A property list for datasets.
Id CreationList();

}  // namespace polyak::hdf5
