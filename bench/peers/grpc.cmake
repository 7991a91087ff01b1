# SPDX-License-Identifier: MIT
# Each large structure has a file of its own, so that they compile side by side. The compiler's time grows with the square
# of their size: 20 seconds for 1,024 members, over four minutes for 4,096, so the two largest are left out.
set(grpc_sizes ${sizes})
list(FILTER grpc_sizes EXCLUDE REGEX "^(4096|8192)$")
set(text "#define GRPC_SIZES")
foreach(COUNT ${grpc_sizes})
  string(APPEND text " PEER_SIZE(${COUNT})")
endforeach()
set(folder ${generated}/grpc)
set(sources ${folder}/paper.pb.cc ${folder}/paper.grpc.pb.cc)
set(protos ${folder}/paper.proto)
set(header "#include \"bench/paper/values.h\"\n${text}\n")
set(IMPORTS "")
set(PROCEDURES "")
foreach(COUNT ${grpc_sizes})
  bench_members(members ${COUNT} "  int32 m@ = #;")
  file(CONFIGURE OUTPUT ${folder}/large-data-${COUNT}.proto @ONLY
    CONTENT "syntax = \"proto3\";\npackage paper;\nmessage LargeData${COUNT} {\n${members}}\n")
  string(APPEND IMPORTS "import \"large-data-${COUNT}.proto\";\n")
  string(APPEND PROCEDURES "  rpc SendRcvLargeData${COUNT}(LargeData${COUNT}) returns (LargeData${COUNT});\n")
  bench_members(ADD ${COUNT} "    reply.set_m@(request.m@() + 1);")
  bench_members(FILL ${COUNT} "    data.set_m@(first + @ * 7);")
  bench_members(CHECK ${COUNT} "    wrong |= data.m@() ^ (first + @ * 7);")
  configure_file(grpc-members.cc.in ${folder}/members-${COUNT}.cc @ONLY)
  string(APPEND header "#include \"large-data-${COUNT}.pb.h\"\n"
    "void peer_add_one(const paper::LargeData${COUNT} &request, paper::LargeData${COUNT} &reply);\n"
    "void peer_fill(paper::LargeData${COUNT} &data, uint64_t call);\n"
    "bool peer_right(const paper::LargeData${COUNT} &data, uint64_t call);\n")
  list(APPEND sources ${folder}/large-data-${COUNT}.pb.cc ${folder}/members-${COUNT}.cc)
  list(APPEND protos ${folder}/large-data-${COUNT}.proto)
endforeach()
file(CONFIGURE OUTPUT ${folder}/peer-members.h CONTENT "${header}" @ONLY)
configure_file(paper.proto.in ${folder}/paper.proto @ONLY)

set(outputs ${sources})
list(FILTER outputs INCLUDE REGEX "\\.pb\\.cc$")
set(headers ${outputs})
list(TRANSFORM headers REPLACE "\\.cc$" ".h")
add_custom_command(OUTPUT ${outputs} ${headers} DEPENDS ${protos} VERBATIM
  COMMAND ${PROTOC} -I${folder} --cpp_out=${folder} --grpc_out=${folder} --plugin=protoc-gen-grpc=${GRPC_PLUGIN} ${protos})
set_source_files_properties(${headers} PROPERTIES GENERATED ON)

bench_peer(grpc grpc.cc ${sources})
# protobuf swaps members with a template that recurses once for every 16 bytes of them
target_compile_options(peer-grpc PRIVATE -ftemplate-depth=4096)
target_link_libraries(peer-grpc PRIVATE PkgConfig::GRPC)

# protobuf alone
set(folder ${generated}/protobuf)
file(MAKE_DIRECTORY ${folder})
add_custom_command(OUTPUT ${folder}/codec.pb.cc ${folder}/codec.pb.h DEPENDS codec.proto VERBATIM
  COMMAND ${PROTOC} -I${CMAKE_CURRENT_SOURCE_DIR} --cpp_out=${folder} ${CMAKE_CURRENT_SOURCE_DIR}/codec.proto)
bench_peer(protobuf protobuf.cc ${folder}/codec.pb.cc ${folder}/codec.pb.h)
target_link_libraries(peer-protobuf PRIVATE PkgConfig::GRPC)
