" SPDX-License-Identifier: MIT
au BufNewFile,BufRead *.kod setfiletype kodosis
