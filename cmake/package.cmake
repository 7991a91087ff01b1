# SPDX-License-Identifier: MIT
# Packages, by cpack: Debian's, one for each component, and one archive of everything. `make package` makes both.
set(CPACK_PACKAGE_NAME hprpc)
set(CPACK_PACKAGE_FILE_NAME hprpc-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_VENDOR "HPRPC contributors")
set(CPACK_PACKAGE_CONTACT "HPRPC contributors <hprpc@localhost>" CACHE STRING "Who answers for the packages, with an address")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_COMPONENTS_ALL runtime development tools)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)

# everything in one archive, without the folders of a system
set(CPACK_ARCHIVE_COMPONENT_INSTALL OFF)
set(CPACK_MONOLITHIC_ARCHIVE ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libhprpc0)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libhprpc-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libhprpc0 (= ${PROJECT_VERSION}), kodosis (= ${PROJECT_VERSION})")
if(uring) # what a program with the static library is linked to
  string(APPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", liburing-dev")
endif()
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME kodosis)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION devel)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "The shared library that programs with HPRPC run with.")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Headers, libraries, CMake package, man pages and documents.")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "The compiler of interface files.")

# Debian wants a licence in each package; an installation has it once
foreach(pair runtime:libhprpc0 development:libhprpc-dev tools:kodosis)
  string(REGEX MATCH "^[a-z]+" component ${pair})
  string(REGEX REPLACE "^[a-z]+:" "" name ${pair})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${name} RENAME copyright
    COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
include(CPack)
