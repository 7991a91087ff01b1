/* SPDX-License-Identifier: MIT */
/*
 * SendRcvLargeData of every size. Each size is a type of its own, so the code is written once, in large-data.c.in, and
 * generated for each.
 */
#ifndef BENCH_PAPER_LARGE_DATA_H
#define BENCH_PAPER_LARGE_DATA_H

#include "bench/paper/operations.h"
#include "paper.h"

extern const struct paper_operation paper_large128, paper_large256, paper_large512, paper_large1024, paper_large2048,
    paper_large4096, paper_large8192;

int paper_serve_large128(void *self, struct hprpc_request *request, const struct paper_large_data128 *data);
int paper_serve_large256(void *self, struct hprpc_request *request, const struct paper_large_data256 *data);
int paper_serve_large512(void *self, struct hprpc_request *request, const struct paper_large_data512 *data);
int paper_serve_large1024(void *self, struct hprpc_request *request, const struct paper_large_data1024 *data);
int paper_serve_large2048(void *self, struct hprpc_request *request, const struct paper_large_data2048 *data);
int paper_serve_large4096(void *self, struct hprpc_request *request, const struct paper_large_data4096 *data);
int paper_serve_large8192(void *self, struct hprpc_request *request, const struct paper_large_data8192 *data);

#endif
