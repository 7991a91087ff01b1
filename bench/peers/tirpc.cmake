# SPDX-License-Identifier: MIT
set(folder ${generated}/tirpc)
set(STRUCTURES "")
set(PROCEDURES "")
set(number 4)
foreach(COUNT ${sizes})
  bench_members(members ${COUNT} "  int m@;")
  string(APPEND STRUCTURES "struct large_data_${COUNT} {\n${members}};\n")
  string(APPEND PROCEDURES "    large_data_${COUNT} SEND_RCV_LARGE_DATA_${COUNT}(large_data_${COUNT}) = ${number};\n")
  math(EXPR number "${number} + 1")
endforeach()
configure_file(paper.x.in ${folder}/paper.x @ONLY)

# -M: results go where the caller says; rpcgen names files after its input, so it runs where they belong
set(sources "")
foreach(kind "h;paper.h" "c;paper_xdr.c" "l;paper_clnt.c" "m;paper_svc.c")
  list(GET kind 0 option)
  list(GET kind 1 output)
  add_custom_command(OUTPUT ${folder}/${output} DEPENDS ${folder}/paper.x VERBATIM WORKING_DIRECTORY ${folder}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${output}
    COMMAND ${RPCGEN} -M -${option} -o ${output} paper.x)
  list(APPEND sources ${folder}/${output})
endforeach()

# a pass that takes gigabytes for thousands of members, to no end: there are no vectors that swap bytes in every x86-64
set_source_files_properties(${folder}/paper_xdr.c PROPERTIES COMPILE_OPTIONS "-fno-tree-slp-vectorize")

bench_peer(tirpc tirpc.c ${sources})
target_link_libraries(peer-tirpc PRIVATE PkgConfig::TIRPC)
