# SPDX-License-Identifier: MIT
# Text with one line for each member of a large structure: bench_members(variable count template), where @ stands for the
# member's index from 0, and # for the index from 1.
function(bench_members variable count template)
  set(text "")
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    math(EXPR next "${index} + 1")
    string(REPLACE "@" "${index}" line "${template}")
    string(REPLACE "#" "${next}" line "${line}")
    string(APPEND text "${line}\n")
  endforeach()
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()
