# kodosis_generate(TARGET target FILES a.kod b.kod... [IMPORTS directory...])
#
# Compiles interface files and adds what is generated to the target: for a.kod the sources a.h and a.c, and the directory
# they are in to the include path. IMPORTS are looked through for imported files; a file below one of them keeps its path
# relative to it, so that geometry/shapes.kod gives #include "geometry/shapes.h". What a file imports has to be generated
# too, by this target or by one that it links. Touching a file, or anything it imports, generates it anew.
#
# The compiler is the target hprpc::kodosis, of this build or of an installed package. A program given as KODOSIS_EXECUTABLE
# goes before it; when cross compiling, such a one is looked for on the build machine.
include_guard(GLOBAL)
cmake_policy(PUSH)
cmake_policy(VERSION 3.20...3.25) # depfiles mean the same to all generators

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
    message(FATAL_ERROR "kodosis_generate: there is no target hprpc::kodosis; set KODOSIS_EXECUTABLE")
  endif()
  set(${ret_command} hprpc::kodosis PARENT_SCOPE)
  set(${ret_depends} $<TARGET_FILE:hprpc::kodosis> PARENT_SCOPE)
endfunction()

# The path of a file below the first of the directories that is above it, or its last part: as the compiler has it.
function(_kodosis_name file directories ret_name)
  file(REAL_PATH ${file} real_file)
  foreach(directory ${directories})
    file(REAL_PATH ${directory} real_directory)
    cmake_path(IS_PREFIX real_directory ${real_file} below)
    if(below)
      cmake_path(RELATIVE_PATH real_file BASE_DIRECTORY ${real_directory} OUTPUT_VARIABLE name)
      set(${ret_name} ${name} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  cmake_path(GET file FILENAME name)
  set(${ret_name} ${name} PARENT_SCOPE)
endfunction()

function(kodosis_generate)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET" "FILES;IMPORTS")
  if(NOT arg_TARGET OR NOT arg_FILES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "kodosis_generate(TARGET target FILES file.kod... [IMPORTS directory...])")
  endif()
  _kodosis_find(command depends)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/kodosis/${arg_TARGET})
  set(imports "")
  set(import_options "")
  foreach(directory ${arg_IMPORTS})
    cmake_path(ABSOLUTE_PATH directory NORMALIZE)
    list(APPEND imports ${directory})
    list(APPEND import_options -I ${directory})
  endforeach()

  foreach(file ${arg_FILES})
    cmake_path(ABSOLUTE_PATH file NORMALIZE)
    _kodosis_name(${file} "${imports}" name)
    string(REGEX REPLACE "\\.kod$" "" stem ${output}/${name})
    add_custom_command(
      OUTPUT ${stem}.h ${stem}.c
      COMMAND ${command} compile --output ${output} --depfile ${stem}.d ${import_options} -- ${file}
      DEPENDS ${file} ${depends}
      DEPFILE ${stem}.d
      COMMENT "Compiling interface ${name}"
      VERBATIM)
    target_sources(${arg_TARGET} PRIVATE ${stem}.h ${stem}.c)
  endforeach()
  target_include_directories(${arg_TARGET} PUBLIC $<BUILD_INTERFACE:${output}>)
endfunction()

cmake_policy(POP)
