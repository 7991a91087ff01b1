/* SPDX-License-Identifier: MIT */
/* Memory that both sides of a floor see. */
#ifndef BENCH_FLOOR_SHARED_H
#define BENCH_FLOOR_SHARED_H

#include <stddef.h>

/* Returns zeroed pages that have memory already. Exits if the machine has none. */
void *bench_shared_new(size_t size);
void bench_shared_free(void *memory, size_t size);

#endif
