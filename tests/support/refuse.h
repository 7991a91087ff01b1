/* SPDX-License-Identifier: MIT */
/* System calls that the kernel refuses, as it does by a container's policy. */
#ifndef SUPPORT_REFUSE_H
#define SUPPORT_REFUSE_H

#include <stdbool.h>

/* From now on this thread, and those that it starts, get `error` from a system call, by its number. False: that is impossible here. */
bool refuse_system_call(long number, int error);

/* Runs `body` in a child in which a system call is refused; what it returns, or 77 where that is impossible here. */
int refuse_in_child(long number, int error, int (*body)(void *argument), void *argument);

#endif
