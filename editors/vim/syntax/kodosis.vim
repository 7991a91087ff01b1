" SPDX-License-Identifier: MIT
" Vim syntax file: interface files of HPRPC
if exists('b:current_syntax')
  finish
endif

" a name in front of a bracket; what follows here takes precedence
syn match kodosisProcedure "\<\w\+\>\ze\s*("

" Words of the language may also be names of members, values, parameters and procedures, so they are words only where the grammar has
" them: at the beginning of a declaration or of an item, or behind what they follow.
syn match kodosisKeyword "\%(^\|[;{}]\)\@<=\s*\zs\%(namespace\|import\|const\|enum\|struct\|union\|error\|service\|type\|extensible\|flags\)\>\ze\s\+[A-Za-z":]"
syn match kodosisKeyword "\%(\<extensible\s\+\)\@<=\%(struct\|union\|enum\|flags\)\>"
syn match kodosisKeyword "\%(\<flags\s\+\)\@<=enum\>"
syn match kodosisKeyword "\<\%(oneway\|idempotent\)\>\ze\s\+[A-Za-z]"
syn match kodosisKeyword "\%()\s*\)\@<=raises\>\ze\s*("
syn match kodosisKeyword "\<version\>\ze\s\+\d"
syn match kodosisKeyword "\%(\<service\s\+\w\+\s\+\%(version\s\+\d\+\s\+\)\?\)\@<=as\>"
syn match kodosisKeyword "\<deprecated\>\ze\s*\"" nextgroup=kodosisString skipwhite
syn match kodosisKeyword "\%(\<deprecated\s*\"\%([^"\\]\|\\.\)*\"\s*\)\@<=\%(enum\|struct\|union\|error\|service\|type\|extensible\|flags\)\>"

" types, in front of a name or in brackets
syn match kodosisType "\<\%(bool\|u\?int\%(8\|16\|32\|64\)\|float\%(32\|64\)\|string\|bytes\|void\)\>"
syn match kodosisType "\<fd\>\ze\s*\%(\[[^]]*\]\s*\)*\%([A-Za-z]\|>\|,\)"
syn match kodosisType "\<\%(list\|optional\|map\|stream\)\>\ze\s*<"
syn keyword kodosisBoolean true false

" what is declared
syn match kodosisDeclared "\%(\<\%(enum\|struct\|union\|error\|service\|type\)\s\+\)\@<=\%(\u\w*\|\w\+\)\>\ze\s*\%([:{=]\|version\>\|as\>\|$\)"

syn match kodosisNumber "-\?\<\d\+\>"
syn match kodosisNumber "\<0[xX]\x\+\>"
syn match kodosisFloat "-\?\<\d\+\.\d\+\%([eE][-+]\?\d\+\)\?\>"
syn match kodosisFloat "-\?\<\d\+[eE][-+]\?\d\+\>"
syn match kodosisEscape contained "\\[nrt\"\\]\|\\u\x\{4}\|\\U\x\{8}"
syn match kodosisBadEscape contained "\\\%([nrt\"\\]\|u\x\{4}\|U\x\{8}\)\@!."
syn region kodosisString start=+"+ skip=+\\.+ end=+"+ oneline contains=kodosisEscape,kodosisBadEscape

syn keyword kodosisTodo contained NOTE WARNING
syn match kodosisComment "//.*$" contains=kodosisTodo,@Spell
syn match kodosisDoc "///\%(/\)\@!.*$" contains=kodosisTodo,kodosisDocCode,@Spell
syn match kodosisDocCode contained "`[^`]\+`"
syn region kodosisComment start="/\*" end="\*/" contains=kodosisTodo,@Spell fold

syn sync ccomment kodosisComment

hi def link kodosisKeyword Keyword
hi def link kodosisType Type
hi def link kodosisBoolean Boolean
hi def link kodosisDeclared Structure
hi def link kodosisProcedure Function
hi def link kodosisNumber Number
hi def link kodosisFloat Float
hi def link kodosisString String
hi def link kodosisEscape SpecialChar
hi def link kodosisBadEscape Error
hi def link kodosisComment Comment
hi def link kodosisDoc SpecialComment
hi def link kodosisDocCode Identifier
hi def link kodosisTodo Todo

let b:current_syntax = 'kodosis'
