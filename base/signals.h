/* SPDX-License-Identifier: MIT */
/* Signals: reading them from a descriptor, and writing without SIGPIPE. */
#ifndef HPRPC_BASE_SIGNALS_H
#define HPRPC_BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes a descriptor that is readable while a signal of the set waits, or gives `fd`, which was made so before, another set.
 * Returns the descriptor; HPRPC_ESYSTEM, with errno.
 */
int hprpc__signals_open(int fd, const sigset_t *set);

/* Takes one signal from the descriptor; false when none waits. */
bool hprpc__signals_take(int fd);

/* Blocks the signals of a set in the calling thread, so that they wait for the descriptor. */
void hprpc__signals_block(const sigset_t *set);

/*
 * Writes to a pipe whose last reader may be gone, as write(2), with errno. SIGPIPE does not reach the application: this thread blocks
 * it meanwhile, and takes the one that comes, unless one was pending before.
 */
ssize_t hprpc__write_without_signal(int fd, const void *data, size_t size);

#endif
