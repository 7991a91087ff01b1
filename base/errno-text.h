/* SPDX-License-Identifier: MIT */
/* The sentence for an errno number, for details and reasons: the same in every transport and with every libc. */
#ifndef HPRPC_BASE_ERRNO_TEXT_H
#define HPRPC_BASE_ERRNO_TEXT_H

/* Static and in English, never NULL. Any thread; errno stays as it is. */
const char *hprpc__errno_text(int number);

#endif
