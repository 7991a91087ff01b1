# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, in components: runtime (what programs need to run), development (what it takes to build
# them, and the pages), tools (the compiler). Everything can be moved afterwards: nothing installed knows its own place.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hprpc)

install(TARGETS hprpc EXPORT hprpc
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS hprpc_static EXPORT hprpc
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h")

# find_package(hprpc CONFIG); the compiler is a set of its own, so that the package is whole without the component tools
install(EXPORT hprpc NAMESPACE hprpc:: FILE hprpc-targets.cmake DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/hprpc-config.cmake.in
  ${PROJECT_BINARY_DIR}/hprpc-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hprpc-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hprpc-config.cmake ${PROJECT_BINARY_DIR}/hprpc-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/HprpcKodosis.cmake DESTINATION ${package_dir} COMPONENT development)

if(TARGET kodosis)
  install(TARGETS kodosis EXPORT hprpc-tools RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
  install(EXPORT hprpc-tools NAMESPACE hprpc:: FILE hprpc-tools-targets.cmake DESTINATION ${package_dir} COMPONENT tools)
  # the compiler has it in itself; this copy is for people and editors
  install(FILES ${PROJECT_SOURCE_DIR}/kodosis/kodosis.kod DESTINATION ${CMAKE_INSTALL_DATADIR}/kodosis COMPONENT tools)
  install(FILES ${PROJECT_SOURCE_DIR}/docs/kodosis.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT tools)
  # where editors look by themselves; Visual Studio Code looks only into the home folder
  foreach(place vim/vimfiles nvim/site)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/editors/vim/ DESTINATION ${CMAKE_INSTALL_DATADIR}/${place} COMPONENT tools)
  endforeach()
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/editors/vscode DESTINATION ${CMAKE_INSTALL_DATADIR}/kodosis COMPONENT tools)
  install(FILES ${PROJECT_SOURCE_DIR}/editors/emacs/kodosis-mode.el DESTINATION ${CMAKE_INSTALL_DATADIR}/emacs/site-lisp
    COMPONENT tools)
endif()
if(TARGET kodosis_lsp)
  install(TARGETS kodosis_lsp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
endif()

# pkg-config hprpc
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" prefix_from_pkgconfig ${prefix_from_pkgconfig})
configure_file(${PROJECT_SOURCE_DIR}/cmake/hprpc.pc.in ${PROJECT_BINARY_DIR}/hprpc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hprpc.pc DESTINATION ${pkgconfig_dir} COMPONENT development)

# man pages of the interface, made from the headers
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.h)
set(manual_dir ${PROJECT_BINARY_DIR}/manual)
add_custom_command(OUTPUT ${manual_dir}/stamp
  COMMAND ${PROJECT_SOURCE_DIR}/tools/manual ${PROJECT_SOURCE_DIR}/include ${manual_dir}/man3
  COMMAND ${CMAKE_COMMAND} -E touch ${manual_dir}/stamp
  DEPENDS ${headers} ${PROJECT_SOURCE_DIR}/tools/manual
  COMMENT "Making man pages"
  VERBATIM)
add_custom_target(manual ALL DEPENDS ${manual_dir}/stamp)
install(DIRECTORY ${manual_dir}/man3 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT development)

# the licence and the pages, with the links between them as they are
foreach(page LICENSE README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md)
  install(FILES ${PROJECT_SOURCE_DIR}/${page} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs ${PROJECT_SOURCE_DIR}/examples
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development
  PATTERN "*.1" EXCLUDE REGEX "examples/CMakeLists.txt$" EXCLUDE)

include(cmake/package.cmake)
