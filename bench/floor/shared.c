/* SPDX-License-Identifier: MIT */
/* Maps memory that both sides of a floor see. */
#include "bench/floor/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *bench_shared_new(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return memory;
}

void bench_shared_free(void *memory, size_t size)
{
    munmap(memory, size);
}
