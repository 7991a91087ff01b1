# SPDX-License-Identifier: MIT
# kodosis_generate(TARGET target FILES a.kod b.kod... [IMPORTS directory...])
#
# Compiles interface files and adds what is generated to the target: for a.kod the sources a.h and a.c, and the directory
# they are in to the include path. IMPORTS are looked through for imported files; a file below one of them keeps its path
# relative to it, so that geometry/shapes.kod gives #include "geometry/shapes.h". What a file imports has to be generated
# too, by this target or by one that it links. Touching a file, or anything it imports, generates it anew; what is generated and
# stays the same keeps its time, so that nothing is compiled for it.
#
# The target may be of any kind and from any folder of the project. An INTERFACE library compiles nothing itself: those that
# link it compile what was generated. In a target whose folder has no C enabled, the generated sources are compiled as C++.
#
# The compiler is the target hprpc::kodosis, of this build or of an installed package. A program given as KODOSIS_EXECUTABLE
# goes before it; when cross compiling, such a one is looked for on the build machine.
include_guard(GLOBAL)
cmake_policy(PUSH)
cmake_policy(VERSION 3.22...3.25)

set(KODOSIS_EXECUTABLE "" CACHE FILEPATH "The interface compiler of the build machine, instead of hprpc::kodosis")

# The command, and the file that it is.
function(_kodosis_find ret_command ret_depends)
  if(NOT KODOSIS_EXECUTABLE AND CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
    find_program(_kodosis_host kodosis NO_CMAKE_FIND_ROOT_PATH)
    if(NOT _kodosis_host)
      message(FATAL_ERROR "kodosis_generate: cross compiling needs a kodosis that runs on this machine; "
        "set KODOSIS_EXECUTABLE to it")
    endif()
    set(KODOSIS_EXECUTABLE ${_kodosis_host})
  endif()
  if(KODOSIS_EXECUTABLE)
    set(${ret_command} ${KODOSIS_EXECUTABLE} PARENT_SCOPE)
    set(${ret_depends} ${KODOSIS_EXECUTABLE} PARENT_SCOPE)
    return()
  endif()
  if(NOT TARGET hprpc::kodosis)
    message(FATAL_ERROR "kodosis_generate: there is no target hprpc::kodosis (the package's component tools); "
      "set KODOSIS_EXECUTABLE")
  endif()
  set(${ret_command} hprpc::kodosis PARENT_SCOPE)
  set(${ret_depends} $<TARGET_FILE:hprpc::kodosis> PARENT_SCOPE)
endfunction()

# The path of a file below the first of the directories that is above it, or its last part: as the compiler has it.
function(_kodosis_name file directories ret_name)
  file(REAL_PATH "${file}" real_file)
  foreach(directory IN LISTS directories)
    file(REAL_PATH "${directory}" real_directory)
    cmake_path(IS_PREFIX real_directory "${real_file}" below)
    if(below)
      cmake_path(RELATIVE_PATH real_file BASE_DIRECTORY "${real_directory}" OUTPUT_VARIABLE name)
      set(${ret_name} "${name}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  cmake_path(GET file FILENAME name)
  set(${ret_name} "${name}" PARENT_SCOPE)
endfunction()

# Notes that the target has an output of this name; two files that want one name would overwrite, or hide, each other.
function(_kodosis_claim target name file)
  get_property(names TARGET ${target} PROPERTY KODOSIS_NAMES)
  get_property(files TARGET ${target} PROPERTY KODOSIS_FILES)
  list(FIND names "${name}" at)
  if(NOT at EQUAL -1)
    list(GET files ${at} other)
    message(FATAL_ERROR "kodosis_generate: ${other} and ${file} are both named ${name} in target ${target}; "
      "give a directory above both as IMPORTS, so that each keeps its path below it")
  endif()
  set_property(TARGET ${target} APPEND PROPERTY KODOSIS_NAMES "${name}")
  set_property(TARGET ${target} APPEND PROPERTY KODOSIS_FILES "${file}")
endfunction()

# How the target compiles a source: unity builds would mix statics of one name, and without C it is C++.
function(_kodosis_adopt target folder source header)
  get_directory_property(has_c DIRECTORY "${folder}" DEFINITION CMAKE_C_COMPILER_LOADED)
  set_property(SOURCE "${source}" "${header}" TARGET_DIRECTORY ${target} PROPERTY GENERATED ON)
  set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
  set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} PROPERTY SKIP_PRECOMPILE_HEADERS ON)
  set_property(SOURCE "${source}" "${header}" TARGET_DIRECTORY ${target} PROPERTY SKIP_AUTOGEN ON)
  if(NOT has_c)
    set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} PROPERTY LANGUAGE CXX)
  endif()
endfunction()

function(kodosis_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET" "FILES;IMPORTS")
  if(NOT arg_TARGET OR NOT arg_FILES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "kodosis_generate(TARGET target FILES file.kod... [IMPORTS directory...])")
  endif()
  if(NOT TARGET ${arg_TARGET})
    message(FATAL_ERROR "kodosis_generate: there is no target ${arg_TARGET}")
  endif()
  get_target_property(aliased ${arg_TARGET} ALIASED_TARGET)
  if(aliased)
    set(arg_TARGET ${aliased})
  endif()
  get_target_property(kind ${arg_TARGET} TYPE)
  get_target_property(folder ${arg_TARGET} SOURCE_DIR)
  set(scope PRIVATE)
  set(include_scope PUBLIC)
  if(kind STREQUAL "INTERFACE_LIBRARY")
    set(scope INTERFACE)
    set(include_scope INTERFACE)
  endif()

  _kodosis_find(command depends)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/kodosis/${arg_TARGET}")
  set(imports "")
  set(import_options "")
  foreach(directory IN LISTS arg_IMPORTS)
    cmake_path(ABSOLUTE_PATH directory NORMALIZE)
    list(APPEND imports "${directory}")
    list(APPEND import_options -I "${directory}")
  endforeach()

  set(outputs "")
  foreach(file IN LISTS arg_FILES)
    cmake_path(ABSOLUTE_PATH file NORMALIZE)
    _kodosis_name("${file}" "${imports}" name)
    _kodosis_claim(${arg_TARGET} "${name}" "${file}")
    string(REGEX REPLACE "\\.kod$" "" stem "${output}/${name}")
    # An output that stays the same is not written again, so nothing is compiled again for it; the stamp is what has been made.
    add_custom_command(
      OUTPUT "${stem}.stamp"
      BYPRODUCTS "${stem}.h" "${stem}.c"
      COMMAND ${command} compile --output "${output}" --depfile "${stem}.d" --stamp "${stem}.stamp" ${import_options} -- "${file}"
      DEPENDS "${file}" ${depends}
      DEPFILE "${stem}.d"
      COMMENT "Compiling interface ${name}"
      VERBATIM)
    _kodosis_adopt(${arg_TARGET} "${folder}" "${stem}.c" "${stem}.h")
    target_sources(${arg_TARGET} ${scope} "${stem}.h" "${stem}.c")
    if(scope STREQUAL "PRIVATE")
      target_sources(${arg_TARGET} PRIVATE "${stem}.stamp")
    endif()
    list(APPEND outputs "${stem}.stamp")
  endforeach()
  target_include_directories(${arg_TARGET} ${include_scope} "$<BUILD_INTERFACE:${output}>")
  get_directory_property(has_c DIRECTORY "${folder}" DEFINITION CMAKE_C_COMPILER_LOADED)
  if(has_c)
    target_compile_features(${arg_TARGET} ${scope} c_std_11) # at least; what is newer stays
  endif()

  # commands of one folder are unknown to targets of another, and to those that link an INTERFACE library
  if(scope STREQUAL "INTERFACE" OR NOT folder STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    get_property(names TARGET ${arg_TARGET} PROPERTY KODOSIS_NAMES)
    list(LENGTH names count)
    add_custom_target(${arg_TARGET}-kodosis-${count} DEPENDS ${outputs})
    add_dependencies(${arg_TARGET} ${arg_TARGET}-kodosis-${count})
  endif()
endfunction()

cmake_policy(POP)
