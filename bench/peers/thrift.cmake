# SPDX-License-Identifier: MIT
# Each large structure has files of its own, so that they compile side by side. The compiler's time grows with the square of
# their size in a few passes, which are left out for these files alone; measured, the code is no slower for it. What a call
# never runs (setters, copies, coding by any other protocol) is not optimised at all.
set(folder ${generated}/thrift)
file(MAKE_DIRECTORY ${folder})
set(headers "")
set(types ${folder}/paper_types.cpp)
set(known "")
set(any "")
set(IMPORTS "")
set(PROCEDURES "")
set(declarations "#include \"Paper.h\"\n#include \"bench/peers/thrift-protocol.h\"\n\nnamespace paper\n{\n")
foreach(COUNT ${sizes})
  bench_members(members ${COUNT} "  #: i32 m@")
  file(CONFIGURE OUTPUT ${folder}/large_data_${COUNT}.thrift @ONLY
    CONTENT "namespace cpp paper\nstruct LargeData${COUNT} {\n${members}}\n")
  string(APPEND IMPORTS "include \"large_data_${COUNT}.thrift\"\n")
  string(APPEND PROCEDURES "  large_data_${COUNT}.LargeData${COUNT} SendRcvLargeData${COUNT}(\n"
    "    1: large_data_${COUNT}.LargeData${COUNT} data)\n")
  foreach(KIND known any)
    set(PROTOCOL PeerProtocol)
    if(KIND STREQUAL any)
      set(PROTOCOL ::apache::thrift::protocol::TProtocol)
    endif()
    string(APPEND declarations
      "extern template uint32_t LargeData${COUNT}::read<${PROTOCOL}>(${PROTOCOL} *);\n"
      "extern template uint32_t LargeData${COUNT}::write<${PROTOCOL}>(${PROTOCOL} *) const;\n")
    configure_file(thrift-instances.cc.in ${folder}/${KIND}-${COUNT}.cc @ONLY)
    list(APPEND ${KIND} ${folder}/${KIND}-${COUNT}.cc)
  endforeach()
  list(APPEND types ${folder}/large_data_${COUNT}_types.cpp)
  list(APPEND headers ${folder}/large_data_${COUNT}_types.h)
endforeach()
file(CONFIGURE OUTPUT ${folder}/peer-instances.h CONTENT "${declarations}} // namespace paper\n" @ONLY)
configure_file(paper.thrift.in ${folder}/paper.thrift @ONLY)

add_custom_command(OUTPUT ${types} ${headers} ${folder}/Paper.cpp ${folder}/Paper.h VERBATIM
  DEPENDS ${folder}/paper.thrift
  COMMAND ${THRIFT} -r --gen cpp:templates,no_skeleton,no_default_operators,no_ostream_operators -out ${folder}
    ${folder}/paper.thrift)

bench_peer(thrift thrift.cc ${folder}/Paper.cpp ${types} ${known} ${any} ${headers} ${folder}/Paper.h)
set(frugal -O1 -finline-functions -fno-ipa-sra -fno-tree-fre -fno-tree-dominator-opts)
set_source_files_properties(${known} PROPERTIES COMPILE_OPTIONS "${frugal}")
set_source_files_properties(${types} ${any} PROPERTIES COMPILE_OPTIONS "-O0")
# constructors, inlined, that set thousands of members to zero; and the loops over lists
set_source_files_properties(thrift.cc ${folder}/Paper.cpp PROPERTIES
  COMPILE_OPTIONS "${frugal};-ftree-loop-vectorize")
set_source_files_properties(${folder}/paper_types.cpp PROPERTIES COMPILE_OPTIONS "-O2")
target_link_libraries(peer-thrift PRIVATE PkgConfig::THRIFT_LIBRARY)
