# What `cmake --install` puts where. Everything can be moved afterwards: nothing installed knows its own place.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hprpc)

install(TARGETS hprpc hprpc_static EXPORT hprpc
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

if(TARGET kodosis)
  install(TARGETS kodosis EXPORT hprpc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/kodosis.1)
  install(FILES ${PROJECT_SOURCE_DIR}/docs/kodosis.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

# find_package(hprpc CONFIG)
install(EXPORT hprpc NAMESPACE hprpc:: FILE hprpc-targets.cmake DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/hprpc-config.cmake.in
  ${PROJECT_BINARY_DIR}/hprpc-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hprpc-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hprpc-config.cmake ${PROJECT_BINARY_DIR}/hprpc-config-version.cmake
  DESTINATION ${package_dir})
if(EXISTS ${PROJECT_SOURCE_DIR}/cmake/HprpcKodosis.cmake)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/HprpcKodosis.cmake DESTINATION ${package_dir})
endif()

# pkg-config hprpc
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" prefix_from_pkgconfig ${prefix_from_pkgconfig})
configure_file(${PROJECT_SOURCE_DIR}/cmake/hprpc.pc.in ${PROJECT_BINARY_DIR}/hprpc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hprpc.pc DESTINATION ${pkgconfig_dir})
