# What every target of ours has: C++20, warnings, sanitizers. Linking to it is all it takes.
add_library(polyak_build_options INTERFACE)
target_compile_features(polyak_build_options INTERFACE cxx_std_20)
target_compile_options(polyak_build_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  # Designated initializers leave out what has its default.
  -Wno-missing-field-initializers
  $<$<BOOL:${POLYAK_WARNINGS_AS_ERRORS}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # g++ 12 reports string concatenations wrongly (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # The arithmetic is defined to the bit: no fusing of a*b+c behind our back.
  -ffp-contract=off)
target_link_options(polyak_build_options INTERFACE LINKER:--as-needed)
if(POLYAK_SANITIZE)
  target_compile_options(polyak_build_options INTERFACE
    -fsanitize=${POLYAK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(polyak_build_options INTERFACE -fsanitize=${POLYAK_SANITIZE})
endif()

# polyak_test(NAME SOURCES... [LIBRARIES ...]): a GoogleTest program, each of its tests a test of
# CTest.
function(polyak_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE
    polyak polyak_test_support polyak_build_options GTest::gmock_main ${ARG_LIBRARIES})
  if(POLYAK_SANITIZE) # twice as fast to build; what is tested has its own options
    target_compile_options(${name} PRIVATE -O0)
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST)
endfunction()
