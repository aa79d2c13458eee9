#include "formats/hdf5/hdf5_fixture.h"

#include <stdexcept>

#include "confinement/sanitized.h"
#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_format.h"

namespace polyak::hdf5 {

bool IsSanitized() { return kIsSanitized; }

Hdf5Files::Hdf5Files() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  context_.hdf5_helper = POLYAK_HDF5_HELPER;
}

std::unique_ptr<Checkpoint> Hdf5Files::OpenFile(const std::filesystem::path& path) {
  return Open(InputFile::Open(path), context_);
}

Error Hdf5Files::ErrorOfOpening(const std::filesystem::path& path) {
  try {
    OpenFile(path);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << path << " opened";
  return {ErrorKind::kUsage, "none"};
}

std::size_t IndexOf(const Checkpoint& checkpoint, std::string_view name) {
  for (std::size_t i = 0; i < checkpoint.tensors().size(); ++i) {
    if (checkpoint.tensors()[i].name == name) return i;
  }
  throw std::out_of_range("no tensor " + std::string(name));
}

const TensorInfo& Tensor(const Checkpoint& checkpoint, std::string_view name) {
  return checkpoint.tensors()[IndexOf(checkpoint, name)];
}

std::vector<std::string> Names(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : checkpoint.tensors()) names.push_back(tensor.name);
  return names;
}

std::vector<std::byte> Elements(const Checkpoint& checkpoint, std::string_view name) {
  const std::size_t index = IndexOf(checkpoint, name);
  const TensorInfo& tensor = checkpoint.tensors()[index];
  std::vector<std::byte> elements(tensor.bytes());
  checkpoint.Read(index, RangeBox(0, tensor.elements), elements);
  return elements;
}

std::vector<std::byte> LibraryElements(const std::filesystem::path& path, const std::string& name,
                                       std::int64_t type) {
  const Id file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  const Id dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  const Id space(H5Dget_space(dataset), H5Sclose);
  const auto count = static_cast<std::size_t>(H5Sget_simple_extent_npoints(space));
  std::vector<std::byte> elements(count * H5Tget_size(type));
  Succeeds(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements.data()));
  return elements;
}

}  // namespace polyak::hdf5
