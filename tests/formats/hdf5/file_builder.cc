#include "formats/hdf5/file_builder.h"

#include <stdexcept>
#include <utility>

namespace polyak::hdf5 {

Id::Id(hid_t id, Close close_function) : id_(id), close_(close_function) {
  if (id < 0) throw std::runtime_error("the HDF5 library failed");
}

Id::Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}

Id::~Id() {
  if (id_ >= 0) close_(id_);
}

void Succeeds(herr_t result) {
  if (result < 0) throw std::runtime_error("the HDF5 library failed");
}

namespace {

hid_t CreateFile(const std::filesystem::path& path, std::uint64_t user_block_bytes,
                 bool tracks_order) {
  const Id creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  Succeeds(H5Pset_userblock(creation, user_block_bytes));
  if (tracks_order) {
    Succeeds(H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED));
  }
  return H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, H5P_DEFAULT);
}

Id SmallFloat(H5T_order_t order, std::size_t exponent_bits, std::size_t bias) {
  Id type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  const std::size_t mantissa_bits = 15 - exponent_bits;
  Succeeds(H5Tset_fields(type, 15, mantissa_bits, exponent_bits, 0, mantissa_bits));
  Succeeds(H5Tset_ebias(type, bias));
  Succeeds(H5Tset_size(type, 2));
  Succeeds(H5Tset_order(type, order));
  return type;
}

}  // namespace

FileBuilder::FileBuilder(const std::filesystem::path& path, std::uint64_t user_block_bytes,
                         bool tracks_order)
    : file_(CreateFile(path, user_block_bytes, tracks_order), H5Fclose) {}

void FileBuilder::Group(const std::string& name) {
  const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  Succeeds(H5Pset_create_intermediate_group(links, 1));
  const Id group(H5Gcreate2(file_, name.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
}

void FileBuilder::HardLink(const std::string& object, const std::string& name) {
  Succeeds(H5Lcreate_hard(file_, object.c_str(), file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT));
}

void FileBuilder::Dataset(const std::string& name, hid_t type, const std::vector<hsize_t>& dims,
                          const void* data, hid_t creation) {
  const Id space(dims.empty()
                     ? H5Screate(H5S_SCALAR)
                     : H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr),
                 H5Sclose);
  DatasetIn(space, name, type, data, creation);
}

void FileBuilder::DatasetIn(hid_t space, const std::string& name, hid_t type, const void* data,
                            hid_t creation) {
  const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  Succeeds(H5Pset_create_intermediate_group(links, 1));
  const Id dataset(H5Dcreate2(file_, name.c_str(), type, space, links, creation, H5P_DEFAULT),
                   H5Dclose);
  if (data != nullptr) {
    Succeeds(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
  }
}

Id Float16(H5T_order_t order) { return SmallFloat(order, 5, 15); }

Id BFloat16(H5T_order_t order) { return SmallFloat(order, 8, 127); }

Id Complex(hid_t component) {
  const std::size_t bytes = H5Tget_size(component);
  Id type(H5Tcreate(H5T_COMPOUND, 2 * bytes), H5Tclose);
  Succeeds(H5Tinsert(type, "r", 0, component));
  Succeeds(H5Tinsert(type, "i", bytes, component));
  return type;
}

Id Bool() {
  Id type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  signed char value = 0;
  Succeeds(H5Tenum_insert(type, "FALSE", &value));
  value = 1;
  Succeeds(H5Tenum_insert(type, "TRUE", &value));
  return type;
}

Id CreationList() { return {H5Pcreate(H5P_DATASET_CREATE), H5Pclose}; }

}  // namespace polyak::hdf5
