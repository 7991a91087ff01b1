set(folder ${generated}/thrift)
set(STRUCTURES "")
set(PROCEDURES "")
foreach(COUNT ${sizes})
  bench_members(members ${COUNT} "  #: required i32 m@")
  string(APPEND STRUCTURES "struct LargeData${COUNT} {\n${members}}\n")
  string(APPEND PROCEDURES "  LargeData${COUNT} SendRcvLargeData${COUNT}(1: LargeData${COUNT} data)\n")
endforeach()
configure_file(paper.thrift.in ${folder}/paper.thrift @ONLY)

set(sources ${folder}/Paper.cpp ${folder}/paper_types.cpp)
add_custom_command(OUTPUT ${sources} ${folder}/Paper.h DEPENDS ${folder}/paper.thrift VERBATIM
  COMMAND ${THRIFT} --gen cpp:templates -out ${folder} ${folder}/paper.thrift)

bench_peer(thrift thrift.cc ${sources} ${folder}/Paper.h)
target_link_libraries(peer-thrift PRIVATE PkgConfig::THRIFT_LIBRARY)
