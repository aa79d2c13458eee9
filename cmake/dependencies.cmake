# What polyak is built with; the README says what each is for. Nothing is downloaded.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED) # before ONNX, whose targets name it
find_package(ONNX REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(fmt REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(hwy REQUIRED CONFIG)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
# Not every build of the library has the functions that choose by processor.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::xxhash)
check_cxx_source_compiles("
  #include <xxhash.h>
  #include <xxh_x86dispatch.h>
  int main() { return static_cast<int>(XXH3_128bits_dispatch(\"\", 0).low64); }"
  POLYAK_HAS_XXHASH_DISPATCH)
unset(CMAKE_REQUIRED_LIBRARIES)
pkg_check_modules(mpfr REQUIRED IMPORTED_TARGET mpfr)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
# Without HDF5 the helper isn't built, and opening an HDF5 file says that it is missing.
find_package(HDF5 COMPONENTS C CXX)

if(POLYAK_BUILD_TESTS)
  find_package(GTest REQUIRED CONFIG)
endif()
if(POLYAK_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED CONFIG)
endif()
