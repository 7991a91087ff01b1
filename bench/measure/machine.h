/* SPDX-License-Identifier: MIT */
/* The machine on which numbers were measured. */
#ifndef BENCH_MEASURE_MACHINE_H
#define BENCH_MEASURE_MACHINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_machine {
    char processor[128];
    char kernel[128];
    char system[128];
    char compiler[64];
    char governor[32]; /* of the first CPU; "unknown" if the machine does not say */
    uint32_t cpus;     /* how many this process may use */
    double memory_gib;
    double load; /* average of the last minute, before the measurement */
};

struct bench_machine bench_machine(void);

#ifdef __cplusplus
}
#endif

#endif
