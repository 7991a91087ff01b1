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

/* Lets other threads run for a moment. False when patience has run out, after saying so on standard error. */
bool try_again(struct patience *patience);

#endif
