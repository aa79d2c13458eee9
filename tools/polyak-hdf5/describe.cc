#include "describe.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "descriptor_driver.h"
#include "library.h"

namespace polyak::hdf5 {
namespace {

// How deep types may hold types. The library has decoded them by then, so this is for us.
constexpr int kMaxTypeDepth = 16;

struct FreeMemory {
  void operator()(char* text) const noexcept { H5free_memory(text); }
};

std::string MemberName(hid_t type, unsigned member) {
  const std::unique_ptr<char, FreeMemory> name(H5Tget_member_name(type, member));
  if (name == nullptr) throw LibraryFailure();
  return name.get();
}

wire::Number::Order OrderOf(hid_t type) {
  switch (H5Tget_order(type)) {
    case H5T_ORDER_LE: return wire::Number::LITTLE;
    case H5T_ORDER_BE: return wire::Number::BIG;
    default: return wire::Number::OTHER;
  }
}

void SetCommon(hid_t type, wire::Number& number) {
  number.set_order(OrderOf(type));
  number.set_precision_bits(H5Tget_precision(type));
  number.set_offset_bits(static_cast<unsigned>(Checked(H5Tget_offset(type))));
}

void SetInteger(hid_t type, wire::Number& number) {
  SetCommon(type, number);
  number.set_is_signed(H5Tget_sign(type) == H5T_SGN_2);
}

void SetFloat(hid_t type, wire::Number& number) {
  SetCommon(type, number);
  std::size_t sign = 0;
  std::size_t exponent = 0;
  std::size_t exponent_bits = 0;
  std::size_t mantissa = 0;
  std::size_t mantissa_bits = 0;
  Checked(H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits));
  number.set_sign_position(sign);
  number.set_exponent_position(exponent);
  number.set_exponent_bits(exponent_bits);
  number.set_mantissa_position(mantissa);
  number.set_mantissa_bits(mantissa_bits);
  number.set_exponent_bias(H5Tget_ebias(type));
  number.set_leading_bit_implied(H5Tget_norm(type) == H5T_NORM_IMPLIED);
}

// h5py's and Keras's complex numbers. Sets the number to one component.
bool IsComplex(hid_t type, wire::Number& number) {
  if (H5Tget_nmembers(type) != 2) return false;
  if (MemberName(type, 0) != "r" || MemberName(type, 1) != "i") return false;
  const Handle real(H5Tget_member_type(type, 0), H5Tclose);
  const Handle imaginary(H5Tget_member_type(type, 1), H5Tclose);
  if (H5Tget_class(real.id()) != H5T_FLOAT) return false;
  if (Checked(H5Tequal(real.id(), imaginary.id())) == 0) return false;
  const std::size_t component_bytes = H5Tget_size(real.id());
  if (H5Tget_member_offset(type, 0) != 0) return false;
  if (H5Tget_member_offset(type, 1) != component_bytes) return false;
  if (H5Tget_size(type) != 2 * component_bytes) return false;
  SetFloat(real.id(), number);
  return true;
}

// h5py's bool: FALSE = 0 and TRUE = 1 in one byte.
bool IsBoolean(hid_t type) {
  if (H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  for (unsigned member = 0; member < 2; ++member) {
    signed char value = -1;
    Checked(H5Tget_member_value(type, member, &value));
    if (value != static_cast<signed char>(member)) return false;
  }
  return MemberName(type, 0) == "FALSE" && MemberName(type, 1) == "TRUE";
}

wire::ElementType::Class ClassOf(hid_t type, int depth);

// Of compounds and arrays: whether anything inside is no fixed run of bytes.
wire::ElementType::Class ClassOfMembers(hid_t type, int depth) {
  const int members = Checked(H5Tget_nmembers(type));
  for (int member = 0; member < members; ++member) {
    const Handle inner(H5Tget_member_type(type, static_cast<unsigned>(member)), H5Tclose);
    const wire::ElementType::Class found = ClassOf(inner.id(), depth + 1);
    if (found == wire::ElementType::REFERENCE) return found;
    if (found == wire::ElementType::VARIABLE_LENGTH ||
        found == wire::ElementType::VARIABLE_STRING) {
      return wire::ElementType::VARIABLE_LENGTH;
    }
  }
  return wire::ElementType::OPAQUE;
}

wire::ElementType::Class ClassOfElement(hid_t array, int depth) {
  const Handle element(H5Tget_super(array), H5Tclose);
  switch (ClassOf(element.id(), depth + 1)) {
    case wire::ElementType::REFERENCE: return wire::ElementType::REFERENCE;
    case wire::ElementType::VARIABLE_LENGTH:
    case wire::ElementType::VARIABLE_STRING: return wire::ElementType::VARIABLE_LENGTH;
    default: return wire::ElementType::OPAQUE;
  }
}

// All but COMPLEX and BOOLEAN, which only matter at the top.
wire::ElementType::Class ClassOf(hid_t type, int depth) {
  if (depth > kMaxTypeDepth) {
    throw Failure(wire::Failure::UNSUPPORTED, "its element type is nested too deep");
  }
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_ENUM: return wire::ElementType::INTEGER;
    case H5T_FLOAT: return wire::ElementType::FLOAT;
    case H5T_STRING:
      return Checked(H5Tis_variable_str(type)) > 0 ? wire::ElementType::VARIABLE_STRING
                                                   : wire::ElementType::STRING;
    case H5T_VLEN: return wire::ElementType::VARIABLE_LENGTH;
    case H5T_REFERENCE: return wire::ElementType::REFERENCE;
    case H5T_COMPOUND: return ClassOfMembers(type, depth);
    case H5T_ARRAY: return ClassOfElement(type, depth);
    case H5T_NO_CLASS: throw LibraryFailure();
    default: return wire::ElementType::OPAQUE;  // bit fields, time, opaque
  }
}

void SetType(hid_t type, wire::ElementType& message) {
  message.set_bytes(H5Tget_size(type));
  wire::ElementType::Class found = ClassOf(type, 0);
  wire::Number& number = *message.mutable_number();
  if (found == wire::ElementType::FLOAT) {
    SetFloat(type, number);
  } else if (H5Tget_class(type) == H5T_INTEGER) {
    SetInteger(type, number);
  } else if (H5Tget_class(type) == H5T_ENUM) {
    const Handle base(H5Tget_super(type), H5Tclose);
    SetInteger(base.id(), number);
    if (IsBoolean(type)) found = wire::ElementType::BOOLEAN;
  } else if (H5Tget_class(type) == H5T_COMPOUND && IsComplex(type, number)) {
    found = wire::ElementType::COMPLEX;
  }
  message.set_class_(found);
}

void SetShape(hid_t space, wire::Dataset& message) {
  if (H5Sget_simple_extent_type(space) == H5S_NULL) {
    message.set_is_null(true);
    return;
  }
  std::array<hsize_t, H5S_MAX_RANK> dims{};
  const int rank = Checked(H5Sget_simple_extent_ndims(space));
  Checked(H5Sget_simple_extent_dims(space, dims.data(), nullptr));
  for (int i = 0; i < rank; ++i) message.add_dims(dims[static_cast<std::size_t>(i)]);
}

// A filter may have more parameters than any that we know; those have at most 20, but for nbit of
// compounds.
constexpr std::size_t kMostFilterValues = 256;

void SetFilter(hid_t creation, unsigned index, wire::Filter& message) {
  unsigned flags = 0;
  unsigned configuration = 0;
  std::size_t count = 0;
  H5Z_filter_t filter =
      Checked(H5Pget_filter2(creation, index, &flags, &count, nullptr, 0, nullptr, &configuration));
  std::vector<unsigned> values(std::min(count, kMostFilterValues));
  count = values.size();
  filter = Checked(
      H5Pget_filter2(creation, index, &flags, &count, values.data(), 0, nullptr, &configuration));
  message.set_number(static_cast<std::uint32_t>(filter));
  message.set_is_optional((flags & H5Z_FLAG_OPTIONAL) != 0);
  for (const unsigned value : values) message.add_values(value);
}

void SetChunks(hid_t creation, wire::Dataset& message) {
  std::array<hsize_t, H5S_MAX_RANK> dims{};
  const int rank = Checked(H5Pget_chunk(creation, H5S_MAX_RANK, dims.data()));
  for (int i = 0; i < rank; ++i) message.add_chunk_dims(dims[static_cast<std::size_t>(i)]);
  const int filters = Checked(H5Pget_nfilters(creation));
  for (int i = 0; i < filters; ++i) {
    SetFilter(creation, static_cast<unsigned>(i), *message.add_filters());
  }
}

void SetOtherLayout(hid_t dataset, wire::Dataset& message) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  switch (H5Pget_layout(creation.id())) {
    case H5D_CONTIGUOUS:
      message.set_layout(Checked(H5Pget_external_count(creation.id())) > 0
                             ? wire::Dataset::EXTERNAL
                             : wire::Dataset::CONTIGUOUS);
      break;
    case H5D_CHUNKED:
      message.set_layout(wire::Dataset::CHUNKED);
      SetChunks(creation.id(), message);
      break;
    case H5D_COMPACT: message.set_layout(wire::Dataset::COMPACT); break;
    case H5D_VIRTUAL: message.set_layout(wire::Dataset::VIRTUAL); break;
    default: throw LibraryFailure();
  }
}

// Only contiguous data in this file has an offset, and that where something was written. The others
// are told apart by their creation properties, which take most of the time where all are asked.
void SetLayout(hid_t dataset, wire::Dataset& message) {
  // Absolute: it includes the user block. Library 1.10.8 adds that to "undefined" as well.
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF || offset < DescriptorFile::BaseAddress()) {
    return SetOtherLayout(dataset, message);
  }
  message.set_layout(wire::Dataset::CONTIGUOUS);
  message.set_offset(offset);
  message.set_storage_bytes(H5Dget_storage_size(dataset));
}

}  // namespace

wire::Dataset Describe(hid_t dataset, const std::string& path, haddr_t address) {
  wire::Dataset message;
  message.set_path(path);
  const Handle type(H5Dget_type(dataset), H5Tclose);
  SetType(type.id(), *message.mutable_type());
  const Handle space(H5Dget_space(dataset), H5Sclose);
  SetShape(space.id(), message);
  SetLayout(dataset, message);
  message.set_object_address(address);
  return message;
}

}  // namespace polyak::hdf5
