// Storage that polyak doesn't read is told by name, and doesn't stand in the way of the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "formats/hdf5/file_builder.h"
#include "formats/hdf5/hdf5_fixture.h"

namespace polyak::hdf5 {
namespace {

using ::testing::HasSubstr;

class Hdf5Storage : public Hdf5Files {
 protected:
  // A file with one dataset, stored as the list says, and a plain one beside it.
  const TensorInfo& TensorStoredBy(hid_t creation, hid_t type = H5T_IEEE_F32LE,
                                   bool written = true) {
    const auto path = folder_ / "storage.h5";
    const std::vector<std::uint64_t> zeros(1024);
    {
      FileBuilder builder(path);
      builder.Dataset("w", type, {64, 8}, written ? zeros.data() : nullptr, creation);
      builder.Dataset("plain", H5T_IEEE_F32LE, {4}, zeros.data());
    }
    checkpoint_ = OpenFile(path);
    EXPECT_EQ(Elements(*checkpoint_, "plain").size(), 16U);
    return Tensor(*checkpoint_, "w");
  }

  std::unique_ptr<Checkpoint> checkpoint_;
};

TEST_F(Hdf5Storage, InChunksIsNamedWithItsFilters) {
  const Id creation = CreationList();
  const std::vector<hsize_t> chunk = {32, 8};
  Succeeds(H5Pset_chunk(creation, 2, chunk.data()));
  Succeeds(H5Pset_shuffle(creation));
  Succeeds(H5Pset_deflate(creation, 4));
  const TensorInfo& tensor = TensorStoredBy(creation);
  EXPECT_EQ(tensor.storage, "chunked 32x8, shuffle, deflate 4");
  EXPECT_EQ(tensor.unreadable, "");
  EXPECT_GT(tensor.stored_bytes, 0U);
  EXPECT_LT(tensor.stored_bytes, tensor.bytes());
  EXPECT_EQ(tensor.elements, 512U);
}

TEST_F(Hdf5Storage, InTheObjectHeaderIsNamed) {
  const Id creation = CreationList();
  Succeeds(H5Pset_layout(creation, H5D_COMPACT));
  const TensorInfo& tensor = TensorStoredBy(creation);
  EXPECT_EQ(tensor.storage, "compact");
  EXPECT_EQ(tensor.unreadable, "");
  EXPECT_EQ(tensor.stored_bytes, tensor.bytes());
}

TEST_F(Hdf5Storage, InOtherFilesIsNamedAndTheFilesAreLeftAlone) {
  const Id creation = CreationList();
  Succeeds(H5Pset_external(creation, "/etc/passwd", 0, H5F_UNLIMITED));
  const TensorInfo& tensor = TensorStoredBy(creation, H5T_IEEE_F32LE, false);
  EXPECT_EQ(tensor.storage, "external");
  EXPECT_THAT(tensor.unreadable, HasSubstr("lies in other files"));
}

TEST_F(Hdf5Storage, InOtherDatasetsIsNamed) {
  const Id creation = CreationList();
  const std::vector<hsize_t> dims = {64, 8};
  const Id space(H5Screate_simple(2, dims.data(), nullptr), H5Sclose);
  Succeeds(H5Pset_virtual(creation, space, "elsewhere.h5", "d", space));
  const TensorInfo& tensor = TensorStoredBy(creation, H5T_IEEE_F32LE, false);
  EXPECT_EQ(tensor.storage, "virtual");
  EXPECT_THAT(tensor.unreadable, HasSubstr("other datasets"));
}

TEST_F(Hdf5Storage, ThatWasNeverWrittenIsNamed) {
  const TensorInfo& tensor = TensorStoredBy(H5P_DEFAULT, H5T_IEEE_F32LE, false);
  EXPECT_EQ(tensor.storage, "contiguous, never written");
  EXPECT_EQ(tensor.unreadable, "");
  EXPECT_EQ(tensor.stored_bytes, 0U);
}

TEST_F(Hdf5Storage, ThatWasAllocatedEarlyCanBeRead) {
  const Id creation = CreationList();
  Succeeds(H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY));
  EXPECT_EQ(TensorStoredBy(creation, H5T_IEEE_F32LE, false).unreadable, "");
}

TEST_F(Hdf5Storage, OfElementsWithoutAFixedPlaceIsNamed) {
  const Id text(H5Tcopy(H5T_C_S1), H5Tclose);
  Succeeds(H5Tset_size(text, H5T_VARIABLE));
  EXPECT_THAT(TensorStoredBy(H5P_DEFAULT, text, false).unreadable,
              HasSubstr("strings of variable length"));
  const Id early = CreationList();
  Succeeds(H5Pset_alloc_time(early, H5D_ALLOC_TIME_EARLY));
  const TensorInfo& strings = TensorStoredBy(early, text, false);
  EXPECT_EQ(strings.dtype, DType::kString);
  EXPECT_EQ(strings.element_bytes, 0U);
  EXPECT_THAT(strings.unreadable, HasSubstr("strings of variable length"));
  const Id lists(H5Tvlen_create(H5T_IEEE_F32LE), H5Tclose);
  EXPECT_THAT(TensorStoredBy(early, lists, false).unreadable, HasSubstr("of variable length"));
  EXPECT_THAT(TensorStoredBy(early, H5T_STD_REF_OBJ, false).unreadable, HasSubstr("references"));
}

TEST_F(Hdf5Storage, OfCompoundsThatHoldSuchElementsIsNamed) {
  const Id early = CreationList();
  Succeeds(H5Pset_alloc_time(early, H5D_ALLOC_TIME_EARLY));
  const Id lists(H5Tvlen_create(H5T_IEEE_F32LE), H5Tclose);
  const Id compound(H5Tcreate(H5T_COMPOUND, 32), H5Tclose);
  Succeeds(H5Tinsert(compound, "number", 0, H5T_STD_I32LE));
  Succeeds(H5Tinsert(compound, "list", 8, lists));
  EXPECT_THAT(TensorStoredBy(early, compound, false).unreadable, HasSubstr("variable length"));
  const hsize_t three = 3;
  const Id array(H5Tarray_create2(H5T_STD_REF_OBJ, 1, &three), H5Tclose);
  EXPECT_THAT(TensorStoredBy(early, array, false).unreadable, HasSubstr("references"));
}

}  // namespace
}  // namespace polyak::hdf5
