/* SPDX-License-Identifier: MIT */
/* The server of the paper's operations. */
#ifndef BENCH_PAPER_SERVICE_H
#define BENCH_PAPER_SERVICE_H

#include <hprpc/hprpc.h>

/*
 * Makes a server that offers the services of paper.kod and listens on `count` URIs. The caller owns it, and runs it. Returns
 * 0, or a negative code with the sentence in `detail`.
 */
int paper_server_new(const char *const *uris, size_t count, struct hprpc_detail *detail,
                     struct hprpc_server **ret_server);

/* The largest message of the operations' servers and clients: 64 MiB of payload and a little more. */
enum { PAPER_MESSAGE_MAX = (64 << 20) + 64 };

#endif
