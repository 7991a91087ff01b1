/* SPDX-License-Identifier: MIT */
/* Waiting for a condition with a deadline: `for (struct patience p = patience_begin(); !happened(x) && try_again(&p);)`. */
#ifndef SUPPORT_PATIENCE_H
#define SUPPORT_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct patience {
    uint64_t until;
};

/* Half a minute from now: long enough for sanitizers on a busy machine, short enough to end. */
struct patience patience_begin(void);

/*
 * Lets other threads run for a moment, and is true. When patience has run out it names the place that waits, and ends the
 * program: a test that went on would blame whatever comes next.
 */
#define try_again(patience) try_again_at((patience), __FILE__, __LINE__, __func__)
bool try_again_at(struct patience *patience, const char *file, int line, const char *function);

/* The same for helpers whose callers name the place: false when patience has run out. */
bool is_patient(struct patience *patience);

/*
 * While it is over, nothing waits any longer: try_again and is_patient are false. So handlers and threads of a test that failed
 * come back, and what they belong to can be closed.
 */
void patience_end(bool over);
bool patience_is_over(void);

#endif
