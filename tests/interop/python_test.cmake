# polyak_python_test(NAME SCRIPT LABEL [TIMEOUT seconds] [SKIP regex] [FULL_TIMEOUT seconds]): a
# unittest script that runs the built program. With FULL_TIMEOUT its long run, NAME_full, takes its
# place where POLYAK_FULL_TESTS is on.
set(POLYAK_PYTHON /usr/bin/python3 CACHE FILEPATH
    "Python with onnx, h5py and numpy: Debian's, where its python3-* packages are")
set(POLYAK_NODE_MODULES ${PROJECT_SOURCE_DIR}/build/node/node_modules CACHE PATH
    "Where onnxruntime-node is installed; its test skips where it is absent")

function(polyak_python_test name script label)
  cmake_parse_arguments(ARG "" "TIMEOUT;FULL_TIMEOUT;SKIP" "" ${ARGN})
  set(environment
    POLYAK=$<TARGET_FILE:polyak_command>
    POLYAK_TEST_DATA=${PROJECT_SOURCE_DIR}/tests/data
    POLYAK_SHARED_DATA=${POLYAK_SHARED_DATA}
    POLYAK_NODE_MODULES=${POLYAK_NODE_MODULES}
    POLYAK_SANITIZE=${POLYAK_SANITIZE}
    PYTHONDONTWRITEBYTECODE=1
    # Leaks can't be looked for under strace.
    ASAN_OPTIONS=detect_leaks=0)
  if(POLYAK_SANITIZE)  # all of it is slower, most of all its start
    math(EXPR ARG_TIMEOUT "4 * ${ARG_TIMEOUT}")
  endif()
  if(ARG_FULL_TIMEOUT AND POLYAK_FULL_TESTS)
    set(name ${name}_full)
    list(APPEND environment POLYAK_FULL=1)
    list(APPEND label full)
    set(ARG_TIMEOUT ${ARG_FULL_TIMEOUT})
  endif()
  add_test(NAME ${name}
           COMMAND ${POLYAK_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/${script} --verbose)
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT "${environment}" LABELS "${label}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_SKIP)
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "${ARG_SKIP}")
  endif()
endfunction()
