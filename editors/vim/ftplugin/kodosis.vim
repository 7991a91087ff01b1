" SPDX-License-Identifier: MIT
" Vim file type plugin: interface files of HPRPC
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=//\ %s
setlocal comments=s1:/*,mb:*,ex:*/,:///,://
setlocal formatoptions-=t formatoptions+=croql
setlocal expandtab shiftwidth=4 softtabstop=4
setlocal suffixesadd=.kod
setlocal include=^\\s*import
setlocal makeprg=kodosis\ check\ %:S
setlocal errorformat=%f:%l:%c:\ %trror:\ %m,%f:%l:%c:\ %tarning:\ %m,%f:%l:%c:\ %tote:\ %m,%-G%.%#
if executable('kodosis')
  " through a pipe `kodosis format` formats the file as it is on the disk, so only whole files are given to it
  command! -buffer KodosisFormat update | silent !kodosis format -i %:S
endif

let b:undo_ftplugin = 'setlocal commentstring< comments< formatoptions< expandtab< shiftwidth< softtabstop< suffixesadd< include< makeprg< errorformat<'
      \ . '| silent! delcommand -buffer KodosisFormat'
