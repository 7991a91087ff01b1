" SPDX-License-Identifier: MIT
" Vim indent file: interface files of HPRPC. They are indented as C is, without its labels.
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal cindent
setlocal cinoptions=L0,:0,(s,m1,J1
let b:undo_indent = 'setlocal cindent< cinoptions<'
