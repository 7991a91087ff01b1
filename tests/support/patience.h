/* SPDX-License-Identifier: MIT */
/* Waiting for a condition with a deadline: `for (struct patience p = patience_begin(); !happened(x) && try_again(&p);)`. */
#ifndef SUPPORT_PATIENCE_H
#define SUPPORT_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct patience {
    uint64_t until;
};

/* Returns a patience that ends in half a minute: long enough for sanitizers on a busy machine. */
struct patience patience_begin(void);

/*
 * Lets other threads run for a moment, and returns true. When the patience has ended, prints the place that waits and ends the
 * program: otherwise the test would fail later, at another place.
 */
#define try_again(patience) try_again_at((patience), __FILE__, __LINE__, __func__)
bool try_again_at(struct patience *patience, const char *file, int line, const char *function);

/* As try_again, for helpers whose callers name the place: returns false when the patience has ended. */
bool is_patient(struct patience *patience);

/*
 * While patience is over, nothing waits: try_again and is_patient return false. So handlers and threads of a test that failed
 * return, and can be closed.
 */
void patience_end(bool over);
bool patience_is_over(void);

#endif
