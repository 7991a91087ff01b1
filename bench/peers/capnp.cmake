# SPDX-License-Identifier: MIT
set(folder ${generated}/capnp)
set(sources ${folder}/paper.capnp.c++)
set(at "@")
set(STRUCTURES "")
set(PROCEDURES "")
set(ordinal 3)
foreach(COUNT ${sizes})
  set(template "  m@ ?@ :Int32;")
  bench_members(members ${COUNT} "${template}")
  string(REPLACE "?" "@" members "${members}")
  string(APPEND STRUCTURES "struct LargeData${COUNT} {\n${members}}\n")
  string(APPEND PROCEDURES
    "  sendRcvLargeData${COUNT} @${ordinal} (data :LargeData${COUNT}) -> (data :LargeData${COUNT});\n")
  math(EXPR ordinal "${ordinal} + 1")
endforeach()
configure_file(paper.capnp.in ${folder}/paper.capnp)

add_custom_command(OUTPUT ${folder}/paper.capnp.c++ ${folder}/paper.capnp.h DEPENDS ${folder}/paper.capnp VERBATIM
  COMMAND ${CAPNP} compile -o${CAPNPC_CXX}:${folder} --src-prefix=${folder} ${folder}/paper.capnp)

bench_peer(capnp capnp.cc ${sources} ${folder}/paper.capnp.h)
set_source_files_properties(${folder}/paper.capnp.c++ PROPERTIES LANGUAGE CXX)
target_link_libraries(peer-capnp PRIVATE PkgConfig::CAPNP_RPC)
