# What users of the library need to link it, and what lies beside the programs. The programs install
# themselves where they are built, the manual where it is written.
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/polyak)

install(TARGETS polyak EXPORT polyakTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/polyak
        # The headers include each other from there; users include <polyak/polyak.h>.
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT polyakTargets NAMESPACE polyak:: DESTINATION ${package})

configure_package_config_file(cmake/polyakConfig.cmake.in polyakConfig.cmake
                              INSTALL_DESTINATION ${package}
                              PATH_VARS CMAKE_INSTALL_LIBEXECDIR)
write_basic_package_version_file(polyakConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/polyakConfig.cmake
              ${PROJECT_BINARY_DIR}/polyakConfigVersion.cmake DESTINATION ${package})

set(pkgconfig ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${pkgconfig} /prefix)
string(REGEX REPLACE "/$" "" prefix_from_pkgconfig ${prefix_from_pkgconfig})
configure_file(cmake/polyak.pc.in polyak.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/polyak.pc DESTINATION ${pkgconfig})

install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(EXISTS ${PROJECT_SOURCE_DIR}/schema)
  install(DIRECTORY schema/ DESTINATION ${CMAKE_INSTALL_DATADIR}/polyak/schema
          FILES_MATCHING PATTERN "*.json")
endif()
